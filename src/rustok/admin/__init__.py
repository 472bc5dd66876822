"""The admin application: it draws what the modules declare."""
