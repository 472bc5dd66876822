"""Compiled reads: a GraphQL operation over the read model becomes one SQL statement that answers with its JSON text."""
