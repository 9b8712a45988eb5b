"""The fixed part of what a centre is paid (R16): workplaces agreed, and how far they were staffed."""
