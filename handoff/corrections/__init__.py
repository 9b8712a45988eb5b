"""Correcting what one has just said in the web chat."""
