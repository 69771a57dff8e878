"""Spaces: what each user sees of the catalog, at which paths, and with whom folders are shared."""
