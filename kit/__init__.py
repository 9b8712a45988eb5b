"""What every part of Pietura shares: clock, database, event bus, texts, language, masking, security.

The kit knows nothing of conversations or services; it may be imported from everywhere and imports nothing of ours.
"""
