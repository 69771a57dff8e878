"""WebSocket connections: frames, backpressure, sessions of clients, and the dispatch of packets."""
