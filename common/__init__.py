"""What all programs of the project share."""
