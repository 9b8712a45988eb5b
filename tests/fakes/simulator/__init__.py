"""The simulator: stand-ins of Facebook, X and Telegram in one process, with a page on which one is a follower.

``python -m tests.fakes.simulator --port 8090 --gateway http://127.0.0.1:8080`` runs it; ``make run`` does so in the demo.
"""
