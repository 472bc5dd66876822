"""Customers: what the shop knows of an account, its address book and the groups it is in."""
