"""Payments: ways to pay, providers, phases that survive a crash, and a ledger that balances."""
