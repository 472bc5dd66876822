"""Shipping: zones, methods, and what sending a basket costs."""
