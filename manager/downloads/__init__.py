"""Content on its way to readers: ranges, archives, previews, and the links that need no login."""
