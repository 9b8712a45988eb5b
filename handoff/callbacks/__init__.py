"""Call-backs and visits that citizens ask for (R27): tasks with a time, that somebody takes and that end with an outcome."""
