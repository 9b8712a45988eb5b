"""The service level: clocks of every conversation, the targets they are judged by, and the quality part (R12, R13, R16)."""
