"""The processing service: views (thumbnails, previews) and metadata of stored files."""
