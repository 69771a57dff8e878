"""Statements about the numbers of changes."""

NEXT_CHANGE = "UPDATE change_sequence SET last = last + 1 WHERE id = 0 RETURNING last"
"""The number of the change that this transaction makes."""

LAST_CHANGE = "SELECT last FROM change_sequence WHERE id = 0"
"""The number of the last change."""
