"""The host: application, schemas, the list of modules, workers and the command line."""
