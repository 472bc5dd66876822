"""The products and variants that every feature of the shop refers to."""
