"""Broadcasting changes to all clients: in the order of the commits, at a pace that they can follow."""
