"""Machinery without a business: ids, errors, settings, database, events log, bus, modules, indexing."""
