"""The tree of categories that products stand in."""
