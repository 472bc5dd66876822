"""The demo shop and magazine: its words in two languages and its pictures, without a database."""
