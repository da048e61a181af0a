"""`python -m tests.s3_server`: an S3 of moto's, in this process and its memory, on loopback.

Says its port on standard output and serves until it is killed. Requests are handled one by one, for
moto alone may let two exclusive PUTs win that come at once, which S3 does not.
"""

import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

OWNER = {
    "AWS_ACCESS_KEY_ID": "owner",
    "AWS_SECRET_ACCESS_KEY": "not-a-secret",
    "AWS_DEFAULT_REGION": "us-east-1",
}
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


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


def one_by_one(application: Application) -> Application:
    """The same application; who sends slowly or was stopped keeps nobody else waiting."""
    turn = threading.Lock()

    def serve(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        is_chunked = environ.get("wsgi.input_terminated", False)
        length = -1 if is_chunked else int(environ.get("CONTENT_LENGTH") or 0)
        environ["wsgi.input"] = BytesIO(environ["wsgi.input"].read(length))
        with turn:
            return list(application(environ, start))

    return serve


def main() -> None:
    from moto.moto_server.werkzeug_app import (  # noqa: PLC0415 - for this process alone
        DomainDispatcherApplication,
        create_backend_app,
    )
    from werkzeug.serving import make_server  # noqa: PLC0415

    application = one_by_one(DomainDispatcherApplication(create_backend_app))
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, application, threaded=True)
    print(server.server_port, flush=True)  # noqa: T201 - whoever started it reads this
    server.serve_forever()


if __name__ == "__main__":
    main()
