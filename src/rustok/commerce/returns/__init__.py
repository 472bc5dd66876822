"""Returns: goods that come back, the money for them, and what is sent instead."""
