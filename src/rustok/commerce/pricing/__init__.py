"""Prices of variants: currencies, price lists and quantity tiers."""
