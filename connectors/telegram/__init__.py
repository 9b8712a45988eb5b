"""Telegram: private chats with a bot. Translates updates and sends; python-telegram-bot is the client.

What is wrapped and why: docs/decisions/0016-telegram-bot-as-client.md.
"""
