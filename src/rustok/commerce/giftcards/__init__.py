"""Gift cards: money kept for the bearer of a code, with a ledger of every coin."""
