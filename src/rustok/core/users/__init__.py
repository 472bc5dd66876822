"""The people of a tenant: accounts and their passwords."""
