"""Reports over any period: every number with its formula and its rows (R12, R23)."""
