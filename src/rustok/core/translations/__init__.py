"""Texts in the languages of a tenant other than its default one, for anything that has texts."""
