"""Who is connected: one WebSocket each, clients and upload slots, and how all clients are told something."""
