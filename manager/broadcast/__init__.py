"""How all clients are told of every change: in order, each as far as it may see it."""
