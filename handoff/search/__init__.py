"""Finding conversations again: full-text search, filters, saved views, and the same done to many at once."""
