"""Outbound webhooks: what happens at a tenant, told to the addresses that it names, signed."""
