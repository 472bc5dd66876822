"""Menus: trees of links for a storefront."""
