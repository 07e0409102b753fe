"""A server of files on this machine: with ranges or without, and with the faults of servers."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Server:
    """What is served, how, and what was asked for.

    Attributes
    ----------
    files : dict of str to bytes
    status : dict of str to int
        Names that are answered by this instead.
    ranges : bool
        Whether parts of files can be asked for.
    cut : int or None
        The connection is dropped after so many bytes of an answer.
    sent : list of (str, int, int)
        Name, first byte and number of bytes of each answer.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.status: dict[str, int] = {}
        self.ranges = True
        self.cut: int | None = None
        self.sent: list[tuple[str, int, int]] = []
        self.url = ""


@contextmanager
def served() -> Iterator[Server]:
    """A server, which ends with the block."""
    server = Server()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *words: Any) -> None:
            pass

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            name = self.path.lstrip("/").partition("?")[0]
            status = server.status.get(name, 200 if name in server.files else 404)
            if status != 200:
                self.send_error(status)
                return
            data, start = server.files[name], 0
            size = len(data)
            asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
            if asked and server.ranges:
                start, stop = int(asked[1]), min(int(asked[2]) + 1, size)
                data = data[start:stop]
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{size}")
            else:
                self.send_response(200)
            if server.ranges:
                self.send_header("Accept-Ranges", "bytes")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if self.command == "GET":
                server.sent.append((name, start, len(data)))
                whole = server.cut is None or start + len(data) <= server.cut
                try:
                    self.wfile.write(data if whole else data[: server.cut])
                except OSError:  # nobody listens any more
                    whole = False
                self.close_connection = not whole

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    server.url = f"http://127.0.0.1:{http.server_address[1]}"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()
