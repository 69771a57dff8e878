"""What other services use: uploads with tickets, and references to what was stored."""
