"""A file that is uploaded to S3 while it is written, and seen there when it is complete.

Knows pieces. Does not know who else writes.
"""

from collections.abc import Callable
from typing import Any

_PIECE_BYTES = 8 << 20  # S3 takes 10,000 pieces of at least 5 MB


class Upload:
    """What pyarrow and others write to; 8 MB are kept, and a smaller file is sent at once."""

    def __init__(self, call: Callable[..., Any], name: str, metadata: dict[str, str]) -> None:
        """Take what calls S3 for a bucket; nothing is sent yet."""
        self._call, self._name, self._metadata = call, name, metadata
        self._buffer = bytearray()
        self._upload: str | None = None
        self._etags: list[str] = []
        self.closed = False

    def write(self, content: Any) -> int:
        """Send what fills a piece."""
        view = memoryview(content).cast("B")
        self._buffer += view
        while len(self._buffer) >= _PIECE_BYTES:
            self._send(bytes(self._buffer[:_PIECE_BYTES]))
            del self._buffer[:_PIECE_BYTES]
        return len(view)

    def flush(self) -> None:
        """Nothing: half a piece cannot be sent."""

    def close(self) -> None:
        """Nothing: the store completes the file, or not."""

    def complete(self) -> None:
        """Put the file in place, unless there is one."""
        if self._upload is None:
            self._call(
                "put_object",
                Key=self._name,
                Body=bytes(self._buffer),
                Metadata=self._metadata,
                IfNoneMatch="*",
            )
            return
        if self._buffer:
            self._send(bytes(self._buffer))
            self._buffer.clear()
        pieces = [{"PartNumber": n, "ETag": etag} for n, etag in enumerate(self._etags, start=1)]
        self._call(
            "complete_multipart_upload",
            Key=self._name,
            UploadId=self._upload,
            MultipartUpload={"Parts": pieces},
            IfNoneMatch="*",
        )

    def abort(self) -> None:
        """Have S3 forget the pieces."""
        if self._upload is not None:
            self._call("abort_multipart_upload", Key=self._name, UploadId=self._upload)

    def _send(self, piece: bytes) -> None:
        if self._upload is None:
            begun = self._call("create_multipart_upload", Key=self._name, Metadata=self._metadata)
            self._upload = begun["UploadId"]
        number = len(self._etags) + 1
        sent = self._call(
            "upload_part", Key=self._name, UploadId=self._upload, PartNumber=number, Body=piece
        )
        self._etags.append(sent["ETag"])
