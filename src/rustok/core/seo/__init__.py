"""What search engines and social networks are told about anything that has a page."""
