"""Ways in which a Parquet file cannot be read, and what is said of each."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe

LONG = [f"text number {n} " * 20 for n in range(2_000)]
CHECKED = {"use_dictionary": False, "compression": "none", "write_page_checksum": True}


def flip(path: Path, position: int) -> None:
    content = bytearray(path.read_bytes())
    content[position] ^= 0xFF
    path.write_bytes(content)


class OpenKms(pe.KmsClient):  # type: ignore[misc]
    """Keys wrapped by base64: enough to have a file that is encrypted."""

    def __init__(self, _: Any) -> None:
        super().__init__()

    def wrap_key(self, key_bytes: bytes, _: str) -> bytes:
        return base64.b64encode(key_bytes)

    def unwrap_key(self, wrapped_key: bytes, _: str) -> bytes:
        return base64.b64decode(wrapped_key)


def encrypt(path: Path, *, plaintext_footer: bool, column: str = "text") -> None:
    table = pq.read_table(path)
    config = pe.EncryptionConfiguration(
        footer_key="footer", column_keys={"column": [column]}, plaintext_footer=plaintext_footer
    )
    properties = pe.CryptoFactory(OpenKms).file_encryption_properties(
        pe.KmsConnectionConfig(), config
    )
    with pq.ParquetWriter(path, table.schema, encryption_properties=properties) as writer:
        writer.write_table(table)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def break_footer(path: Path) -> None:
    content = path.read_bytes()
    length = int.from_bytes(content[-8:-4], "little")
    path.write_bytes(content[: -8 - length] + b"\xff" * length + content[-8:])


DAMAGES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "0 bytes": (lambda path: path.write_bytes(b""), "not Parquet, or was cut off"),
    "cut off": (cut, "not Parquet, or was cut off"),
    "csv": (lambda path: path.write_text("text,label\n" * 50), "not Parquet, or was cut off"),
    "bad footer": (break_footer, "it is damaged"),
    "page header": (lambda path: path.write_bytes(b"PAR1" + b"\xff" * 60 + path.read_bytes()[64:]),
                    "it is damaged"),
    "checksum": (lambda path: flip(path, 3_000), "it is damaged.*CRC"),
    "encrypted footer": (lambda path: encrypt(path, plaintext_footer=False), "it is encrypted"),
    "encrypted column": (lambda path: encrypt(path, plaintext_footer=True), "it is encrypted"),
    "no columns": (lambda path: pq.write_table(pa.table({}), path), "no column 'text'"),
}  # fmt: skip
