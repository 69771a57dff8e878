"""Services that make views, thumbnails and metadata, and what they are given to do."""
