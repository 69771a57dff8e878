"""Folders and files as users work with them: rights, browsing, organising, sharing, links."""
