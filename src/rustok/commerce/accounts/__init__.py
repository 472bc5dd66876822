"""Accounts of the shop: what customers see of themselves, and staff of customers."""
