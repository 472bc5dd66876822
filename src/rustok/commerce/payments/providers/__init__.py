"""The providers that come with the shop."""
