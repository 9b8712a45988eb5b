"""Learning from life: what citizens asked and were not helped with, grouped by likeness, for editors to act on."""
