"""Training Rasa's model anew with what editors have added, measuring it beside the one that serves, and putting it to work."""
