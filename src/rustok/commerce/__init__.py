"""The shop: products, prices, stock and categories."""
