"""Discord as a store of encrypted chunks."""
