"""What every tenant has: users, access, content, tags, SEO, media, translations and the module toggles."""
