"""One citizen across channels (R11): identities, the evidence that links them, and what was asked before."""
