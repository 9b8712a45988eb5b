"""The spelling aid for Latvian answers."""
