"""The read model: tables, projector, rebuild, verify, search and compiled reads."""
