"""What S3 answers, in the words of a store: what cannot be helped, and what time can cure.

Knows botocore's errors. Asks S3 for nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from botocore.exceptions import (
    BotoCoreError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
)

from data.stores.file_errors import network_errors, status_of
from data.stores.store import StoreNotWritable, StoreUnreachable

# Missing, in conflict, taken, empty, unknown: what these say is looked at, or no time will cure it.
_ANSWERS = frozenset({404, 409, 412, 416, 501})


class S3File:
    """A file that is read in blocks: what S3 says of each has the words of the store."""

    def __init__(self, file: Any, root: str) -> None:
        """Take the file, and how messages name its store."""
        self._file, self._root = file, root

    def read(self, size: int = -1) -> bytes:
        """So many bytes, or all that are left."""
        with s3_errors(self._root):
            return cast(bytes, self._file.read(size))

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer; how many bytes there were."""
        with s3_errors(self._root):
            return cast(int, self._file.readinto(buffer))

    def __getattr__(self, name: str) -> Any:
        """Everything else is the file's."""
        return getattr(self._file, name)

    def __enter__(self) -> "S3File":
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._file.close()


@contextmanager
def s3_errors(root: str) -> Iterator[None]:
    """Words for what cannot be helped by trying again; what can is an OSError."""
    try:
        yield
    except (NoCredentialsError, PartialCredentialsError, PermissionError) as error:
        raise StoreNotWritable(
            f"the store {root} cannot be used ({error}). Put the key and the secret of somebody "
            "who may read and write there into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        ) from error
    except ParamValidationError as error:
        raise _no_bucket(root) from error
    except (BotoCoreError, *network_errors()) as error:
        raise _no_answer(root, str(error)) from error
    except OSError as error:
        if _code(error) == "NoSuchBucket":
            raise _no_bucket(root) from error
        status = status_of(error)
        if status is None or status in _ANSWERS:
            raise
        raise _no_answer(root, f"HTTP {status}: {error}") from error


def _no_answer(root: str, found: str) -> StoreUnreachable:
    return StoreUnreachable(
        f"the store {root} does not answer ({found}). Look at the network, at AWS_ENDPOINT_URL and "
        "at a session token that may have expired, and run the same command again: what is "
        "committed stays."
    )


def _no_bucket(root: str) -> StoreNotWritable:
    return StoreNotWritable(
        f"the store {root} has no bucket. Create it, or give another store.path."
    )


def _code(error: OSError) -> str | None:
    response = getattr(error.__cause__, "response", None) or {}
    return cast(str | None, response.get("Error", {}).get("Code"))
