"""Postal addresses, as carts, orders and customers have them."""
