"""Sharing folders with users and groups."""
