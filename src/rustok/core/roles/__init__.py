"""What people may do: the four fixed roles and the ones that a tenant makes."""
