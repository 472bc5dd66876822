"""Which modules a tenant uses."""
