"""Somebody's personal data, from all modules: handed out as a file, and erased."""
