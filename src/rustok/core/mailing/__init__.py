"""Mail: an outbox that is written with the change it tells of, and is sent afterwards, once."""
