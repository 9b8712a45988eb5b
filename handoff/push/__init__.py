"""Browser push: somebody waits, is offered, or calls a colleague, told to whoever has no console before his eyes."""
