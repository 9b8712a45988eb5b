"""The live board: how the service is doing now, in the last hour and today (R12, R13)."""
