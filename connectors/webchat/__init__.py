"""Web chat: the widget citizens write in, and the socket behind it."""
