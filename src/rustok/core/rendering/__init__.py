"""Texts that people write, made safe to show: Markdown and HTML to sanitised HTML, plain text and excerpts."""
