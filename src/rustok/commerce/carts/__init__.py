"""Carts and wish lists, of guests and of customers."""
