"""A web server on loopback from which recordings are fetched, or not."""

import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Web(ThreadingHTTPServer):
    """Files by path; a path under `/to/` leads on to the URL after it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Page)
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.hosts: list[str] = []

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.server_port}{path}"


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        self.server.hosts.append(self.headers["host"])
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("location", self.path.removeprefix("/to/"))
            self.end_headers()
        elif self.path == "/endless":
            self.send_response(200)
            self.end_headers()
            self.flood()
        elif self.path == "/trickle":
            self.wfile.write(b"HTTP/1.0 200 OK\r\n")
            self.trickle()
        elif self.path in self.server.files:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(self.server.files[self.path])
        else:
            self.send_error(404)

    def flood(self):
        sent = 0
        try:
            while sent < 1 << 30:
                sent += self.wfile.write(b"\0" * 65536)
        except OSError:
            self.server.asked.append("left")

    def trickle(self):
        try:
            for _ in range(100):
                self.wfile.write(b"x")
                time.sleep(0.1)
        except OSError:
            self.server.asked.append("left")

    def log_message(self, *_):
        pass
