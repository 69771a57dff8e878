"""The record of what is stored: under which name, whose it is, and what keeps it alive."""
