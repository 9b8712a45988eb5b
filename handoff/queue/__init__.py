"""The queue of those who wait for a person, and honest estimates of how long."""
