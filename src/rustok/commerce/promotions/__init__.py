"""Promotions: what is taken off a basket, by itself or for a code, how often, and why."""
