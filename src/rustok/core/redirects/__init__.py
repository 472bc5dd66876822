"""Old slugs and handles that lead to the things that had them."""
