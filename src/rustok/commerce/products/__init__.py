"""Products: what the shop sells, how it is written, and how it looks when flattened."""
