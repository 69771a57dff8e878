"""The manager's decisions, as synchronous classes without I/O."""
