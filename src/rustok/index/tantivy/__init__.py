"""Search by Tantivy: an index of its own for every tenant, in files beside the program, that follows the read model."""
