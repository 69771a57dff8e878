"""Uploads in action: the slots that take them, what is written of them, and how they end."""
