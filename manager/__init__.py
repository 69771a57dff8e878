"""The control plane: users, folders, bookings, uploads and who may do what."""
