"""Who was there when: spans of presence, and when the service itself was there to see it."""
