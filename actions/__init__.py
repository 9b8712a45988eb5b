"""The assistant's acts: what is done when Rasa has said what kind of turn a message is and which plan follows from it.

Thin on purpose: the knowledge base knows, the broker decides who may speak, the catalogues word it.
"""
