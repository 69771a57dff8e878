"""Services that make views, thumbnails and metadata, and their jobs."""
