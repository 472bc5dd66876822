"""Shop and content pages, rendered from the read model alone."""
