"""The operators' console: its API, its live feed, its pages."""
