"""Files that citizens and staff send each other in the web chat."""
