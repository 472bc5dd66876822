"""Bring another site's content here."""
