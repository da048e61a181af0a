"""A store on S3, or on what speaks S3 and keeps to `If-None-Match`.

Knows exclusive PUTs, and how an answer that was lost is told from a refusal. Endpoint, key and
secret are the environment's; nothing here holds them.
"""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from typing import Any, BinaryIO, cast

from data.stores.file_errors import status_of
from data.stores.s3_errors import S3File, s3_errors
from data.stores.s3_filesystem import s3_filesystem
from data.stores.s3_upload import Upload
from data.stores.store import StoreError, key_parts, workspace_of

_SMALL_BYTES = 64 << 10
_CONFLICT_WAITS_S = (0.1, 0.3, 1.0, 3.0)
_CONFLICT, _TAKEN, _EMPTY = 409, 412, 416
_ATTEMPT = "attempt"  # what each object carries beside its content


class S3Store:
    """A store in a bucket, below a prefix; a file is seen when it is whole, and never before."""

    def __init__(self, url: str) -> None:
        """Take the place as it is; `open_store` is the door that checks it."""
        self.root = url.rstrip("/")
        self.workspace = workspace_of(url).absolute()
        self.filesystem = s3_filesystem()
        self._bucket, _, self._prefix = self.root.removeprefix("s3://").partition("/")

    def create(self, key: str, content: bytes) -> bool:
        """PUT with `If-None-Match: *`: S3 lets the first one win."""
        upload, attempt = self._begin(key)
        upload.write(content)
        return self._is_completed(upload, self._name(key), attempt)

    @contextmanager
    def write(self, key: str) -> Iterator[BinaryIO]:
        """Upload in pieces as they come."""
        upload, attempt = self._begin(key)
        try:
            yield cast(BinaryIO, upload)
            if not self._is_completed(upload, self._name(key), attempt):
                raise FileExistsError(f"{self.location(key)} is there already.")
        except BaseException:
            with suppress(OSError, StoreError):  # what went wrong first is what is said
                upload.abort()
            raise

    def read(self, key: str) -> BinaryIO:
        """One request for a small file, else one for each block."""
        url = self.location(key)
        with s3_errors(self.root):
            beginning = self._beginning(url)
            if len(beginning) < _SMALL_BYTES:
                return BytesIO(beginning)
            return cast(BinaryIO, S3File(self.filesystem.open(url, "rb"), self.root))

    def list(self, folder: str) -> list[str]:
        """Names without those that start with a dot, as on a disk."""
        url = self.location(folder)
        try:
            with s3_errors(self.root):
                paths = self.filesystem.ls(url, detail=False, refresh=True)
        except FileNotFoundError:
            return []
        above = f"{url.removeprefix('s3://')}/"
        names = {path.removeprefix(above) for path in paths if path.startswith(above)}
        return sorted(name for name in names if name and not name.startswith("."))

    def delete(self, key: str) -> None:
        """Remove the object."""
        self._call("delete_object", Key=self._name(key))

    def location(self, key: str) -> str:
        """The s3:// URL."""
        return f"s3://{self._bucket}/{self._name(key)}"

    def _name(self, key: str) -> str:
        parts = key_parts(key, self.root)
        return "/".join([self._prefix, *parts] if self._prefix else parts)

    def _beginning(self, url: str) -> bytes:
        try:
            return cast(bytes, self.filesystem.cat_file(url, start=0, end=_SMALL_BYTES))
        except OSError as error:
            if status_of(error) == _EMPTY:
                return b""
            raise

    def _call(self, method: str, **given: Any) -> Any:
        with s3_errors(self.root):
            return self.filesystem.call_s3(method, Bucket=self._bucket, **given)

    def _begin(self, key: str) -> tuple[Upload, str]:
        attempt = uuid.uuid4().hex
        return Upload(self._call, self._name(key), {_ATTEMPT: attempt}), attempt

    def _is_completed(self, upload: Upload, name: str, attempt: str) -> bool:
        """Whether this attempt made the object, though it may have been sent more than once.

        A conflict is tried again here, not in tasks/: it is how S3 says that it cannot tell yet who
        is first. After any other error the object itself is asked who made it.
        """
        waits_s = iter(_CONFLICT_WAITS_S)
        while True:
            try:
                upload.complete()
            except OSError as error:
                if status_of(error) == _CONFLICT and (wait_s := next(waits_s, None)) is not None:
                    time.sleep(wait_s)
                elif self._made_by(name, error) == attempt:
                    return True
                elif status_of(error) == _TAKEN:
                    return False
                else:
                    raise
            else:
                return True

    def _made_by(self, name: str, trouble: OSError) -> str | None:
        """The attempt that made the object, if one did; raises the trouble if S3 does not say."""
        try:
            found = self._call("head_object", Key=name)
        except FileNotFoundError:
            return None
        except OSError:
            raise trouble from None
        return cast(str | None, found["Metadata"].get(_ATTEMPT))
