"""What the programs of the project share: no decisions of any of them."""
