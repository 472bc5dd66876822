"""Orders: what a buyer committed to, and everything that becomes of it."""
