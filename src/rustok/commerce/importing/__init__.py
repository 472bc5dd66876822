"""Bring another shop's products here."""
