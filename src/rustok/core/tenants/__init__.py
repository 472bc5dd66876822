"""The customers of an installation: each tenant is a shop, a magazine or a community of its own."""
