"""Sentence embeddings: texts of one meaning lie near each other, in Latvian, Russian and English alike.

``sentence_encoder`` is what runs in service; ``training`` makes the model and needs an environment of its own.
"""
