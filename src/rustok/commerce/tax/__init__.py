"""Taxes: zones, classes, rates, and what is due on a basket."""
