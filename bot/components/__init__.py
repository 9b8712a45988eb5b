"""Custom parts of the Rasa process: the turn classifier, the broker's channel, and a tracker store that keeps nothing."""
