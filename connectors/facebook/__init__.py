"""Facebook pages: Messenger, comments, posts. Translates between Meta's Graph API and the seam of channels, no more."""
