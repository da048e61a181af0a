"""A static web server on loopback that fails where a test wants it to."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

HANG_UP = 0


class Request(BaseHTTPRequestHandler):
    """Answered as static web servers do: with an index, sizes, versions and ranges."""

    server: "WebServer"

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self.wfile.write(self._answer())

    def log_message(self, *_: Any) -> None:
        """Tests say enough."""

    def _answer(self) -> bytes:
        path = self.server.folder / self.path.partition("?")[0].lstrip("/")
        trouble = self.server.trouble(self)
        if trouble == HANG_UP:
            self.close_connection = True
            return b""
        if trouble is not None or not path.exists():
            self.send_error(trouble or 404)
            return b""
        if path.is_dir():
            return self._send(200, self._index(path), {"Content-Type": "text/html"})
        return self._file(path.read_bytes())

    def _index(self, folder: Path) -> bytes:
        return "".join(f'<a href="{path.name}">' for path in folder.iterdir()).encode()

    def _file(self, content: bytes) -> bytes:
        headers = {"Accept-Ranges": "bytes", "ETag": '"1"'}
        first, is_range, last = self.headers.get("Range", "").removeprefix("bytes=").partition("-")
        if not is_range:
            return self._send(200, content, headers)
        start, end = int(first), int(last or len(content) - 1)
        headers["Content-Range"] = f"bytes {start}-{end}/{len(content)}"
        return self._send(206, content[start : end + 1], headers)

    def _send(self, status: int, content: bytes, headers: dict[str, str]) -> bytes:
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(content))}).items():
            self.send_header(name, value)
        self.end_headers()
        return content


class WebServer(ThreadingHTTPServer):
    """A folder, and the status by which a request fails: None where it does not."""

    folder: Path
    trouble: Callable[[Request], int | None]

    def handle_error(self, *_: Any) -> None:
        """Who wanted the header alone has hung up."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def serving(folder: Path) -> Iterator[WebServer]:
    """Serve the folder until the block ends."""
    with WebServer(("127.0.0.1", 0), Request) as server:
        server.folder, server.trouble = folder, lambda _: None
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
