"""`python -m tests.s3_server`: an S3 of moto's, in this process and its memory, on loopback.

Says its port on standard output and serves until it is killed. Requests are handled one by one, for
moto alone may let two exclusive PUTs win that come at once, which S3 does not. What is PUT under a
key that names a trouble meets it.
"""

import logging
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

OWNER = {
    "AWS_ACCESS_KEY_ID": "owner",
    "AWS_SECRET_ACCESS_KEY": "not-a-secret",
    "AWS_DEFAULT_REGION": "us-east-1",
}
_CONFLICT = b"<Error><Code>ConditionalRequestConflict</Code><Message>Try again.</Message></Error>"
_NUM_CONFLICTS = 1

Environment = dict[str, Any]
Application = Callable[[Environment, Callable[..., Any]], Iterable[bytes]]


@contextmanager
def running_server() -> Iterator[dict[str, str]]:
    """The environment that knows a server of its own; its buckets are gone at the end."""
    command = [sys.executable, "-m", "tests.s3_server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            yield OWNER | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}
        finally:
            process.kill()


class Server:
    """An application with its troubles; who sends slowly or was stopped keeps nobody waiting."""

    def __init__(self, application: Application) -> None:
        self._application, self._turn = application, threading.Lock()
        self._puts: Counter[str] = Counter()

    def __call__(self, environ: Environment, start: Callable[..., Any]) -> Iterable[bytes]:
        is_chunked = environ.get("wsgi.input_terminated", False)
        length = -1 if is_chunked else int(environ.get("CONTENT_LENGTH") or 0)
        environ["wsgi.input"] = BytesIO(environ["wsgi.input"].read(length))
        path = environ["PATH_INFO"]
        with self._turn:
            self._puts[path] += environ["REQUEST_METHOD"] == "PUT"
            serve = next((TROUBLES[each] for each in TROUBLES if each in path), Server._serve)
            return serve(self, environ, start, self._puts[path])

    def _serve(self, environ: Environment, start: Callable[..., Any], _: int) -> Iterable[bytes]:
        return list(self._application(environ, start))

    def _lose_answer(
        self, environ: Environment, start: Callable[..., Any], puts: int
    ) -> Iterable[bytes]:
        """Do what the first PUT asks, and answer as if it had failed."""
        if environ["REQUEST_METHOD"] != "PUT" or puts > 1:
            return self._serve(environ, start, puts)
        self._serve(environ, lambda *_: None, puts)
        start("500 Internal Server Error", [("content-length", "0")])
        return []

    def _conflict(
        self, environ: Environment, start: Callable[..., Any], puts: int
    ) -> Iterable[bytes]:
        """Do nothing at first."""
        if environ["REQUEST_METHOD"] != "PUT" or puts > _NUM_CONFLICTS:
            return self._serve(environ, start, puts)
        start("409 Conflict", [("content-type", "application/xml")])
        return [_CONFLICT]

    def _overwrite(
        self, environ: Environment, start: Callable[..., Any], puts: int
    ) -> Iterable[bytes]:
        """Know nothing of exclusive PUTs, as older servers do."""
        environ.pop("HTTP_IF_NONE_MATCH", None)
        return self._serve(environ, start, puts)


TROUBLES = {
    "answer-is-lost": Server._lose_answer,
    "conflict-first": Server._conflict,
    "lets-overwrite": Server._overwrite,
}


def main() -> None:
    """Serve."""
    from moto.moto_server.werkzeug_app import (  # noqa: PLC0415 - for this process alone
        DomainDispatcherApplication,
        create_backend_app,
    )
    from werkzeug.serving import make_server  # noqa: PLC0415

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    application = Server(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, application, threaded=True)
    print(server.server_port, flush=True)  # noqa: T201 - whoever started it reads this
    server.serve_forever()


if __name__ == "__main__":
    main()
