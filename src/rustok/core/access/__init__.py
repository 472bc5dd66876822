"""Who is it, and may they: sessions, API keys, password resets and lock-outs."""
