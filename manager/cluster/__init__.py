"""Several managers on one catalog: messages between them, who is alive, and who does what only one may do."""
