"""Garbage collection: deletes objects without references, and messages without chunks."""
