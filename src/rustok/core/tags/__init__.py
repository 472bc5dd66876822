"""Tags: labels that anything of a tenant can carry."""
