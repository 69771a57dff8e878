"""Deleting what nothing refers to."""
