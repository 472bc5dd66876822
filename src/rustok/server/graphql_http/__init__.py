"""GraphQL over HTTP: the protocol, its limits, and the execution of one operation."""
