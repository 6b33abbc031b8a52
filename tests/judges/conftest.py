import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class Server:
    """A server that answers as it is told to, and remembers what it was asked."""

    def __init__(self):
        self.asked, self.keys = [], []
        self.reply = lambda body: '{"differs": "", "verdict": "same"}'
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.asked.append(body)
                outer.keys.append(self.headers.get("Authorization"))
                told = outer.reply(body)
                status, told = told if isinstance(told, tuple) else (200, told)
                if isinstance(told, str):
                    message = {"role": "assistant", "content": told}
                    choice = {"index": 0, "message": message, "finish_reason": "stop"}
                    told = {
                        "id": "1", "object": "chat.completion", "created": 1, "model": "m",
                        "choices": [choice],
                    }  # fmt: skip
                raw = told if isinstance(told, bytes) else json.dumps(told).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Retry-After-Ms", "1")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                with contextlib.suppress(BrokenPipeError):
                    self.wfile.write(raw)

            def log_message(self, *args):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        serve = self._server.serve_forever
        threading.Thread(target=serve, args=(0.01,), daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server():
    made = Server()
    yield made
    made.close()
