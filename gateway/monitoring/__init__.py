"""What a monitoring system is told, and what it can show and warn of (R12)."""
