"""What institutions publish on their social accounts: composed once, approved by a second person, sent at its time (R9)."""
