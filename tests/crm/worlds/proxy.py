"""A proxy before a real server that fails on purpose, one planned fault per request that writes."""

import contextlib
import socket
import threading
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class FaultProxy:
    """Passes everything on, but does the next fault of the list to each request that matches ``mark``.

    Faults: ``429``, ``503`` (both with Retry-After), ``502``, ``cut before`` (nothing reaches the server), ``cut
    after`` (the server has done it, the answer is lost), ``slow`` (the answer trickles), ``silent`` (no answer comes).
    """

    def __init__(self, port: int, mark: bytes, faults: list[str]) -> None:  # noqa: C901 (one handler, seven faults)
        self.done: list[str] = []
        self._left, self._lock, self._ended = list(faults), threading.Lock(), threading.Event()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                fault = proxy._next() if mark in body else ""
                if fault in ("429", "503", "502"):
                    self._say(int(fault), b"busy", {"Retry-After": "0"})
                    return
                if fault == "cut before":
                    self._cut()
                    return
                server = HTTPConnection("127.0.0.1", port, timeout=60)
                server.request("POST", self.path, body, dict(self.headers.items()))
                answer = server.getresponse()
                content, kept = answer.read(), ("Content-Type", "Content-Encoding")
                headers = {name: value for name in kept if (value := answer.getheader(name))}
                server.close()
                if fault == "cut after":
                    self._cut()
                elif fault == "silent":
                    proxy._ended.wait(30)
                    self._cut()
                elif fault == "slow":
                    self.send_response(answer.status)
                    for name, value in {"Content-Length": str(len(content)), **headers}.items():
                        self.send_header(name, value)
                    self.end_headers()
                    with contextlib.suppress(OSError):
                        for byte in content:
                            self.wfile.write(bytes([byte]))
                            self.wfile.flush()
                            proxy._ended.wait(0.4)
                    self.close_connection = True
                else:
                    self._say(answer.status, content, headers)

            def _say(self, status: int, content: bytes, headers: dict[str, str]) -> None:
                self.send_response(status)
                for name, value in {"Content-Length": str(len(content)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def _cut(self) -> None:
                self.close_connection = True
                with contextlib.suppress(OSError):
                    self.connection.shutdown(socket.SHUT_RDWR)

            def log_message(self, *_: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def _next(self) -> str:
        with self._lock:
            fault = self._left.pop(0) if self._left else ""
            self.done.append(fault)
            return fault

    def close(self) -> None:
        self._ended.set()
        self._http.shutdown()
        self._http.server_close()
