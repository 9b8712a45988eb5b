"""The case ledger: one conversation is one case; entries are only ever added."""
