"""A stand-in of Rasa: says with which model it answers, and takes its time. ``python tests/fakes/model_server.py PORT MODEL``."""

from __future__ import annotations

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Answers(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"

    def _say(self, body: object) -> None:
        raw = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def do_GET(self) -> None:
        """Ready."""
        self._say({"status": "ok"})

    def do_POST(self) -> None:
        """A message."""
        self.rfile.read(int(self.headers["content-length"]))
        time.sleep(0.05)
        self._say({"plans": [{"plan": "clarify"}], "intent": {"name": sys.argv[2], "confidence": 1.0}})

    def log_message(self, *_about: object) -> None:
        """Silent."""


if __name__ == "__main__":
    if "broken" in sys.argv[2]:
        raise SystemExit(1)
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Answers).serve_forever()
