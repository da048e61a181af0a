"""What is wrong with a file of the store, and whether a part is the one that was written.

Knows bytes and pages. Which files there should be is in data/upkeep/verifying.py.
"""

import hashlib
from dataclasses import dataclass
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from data.records.datasets import Part
from data.stores.file_errors import is_damage
from data.stores.store import Store

_BLOCK_BYTES = 1 << 20
_ROWS_A_BATCH = 1024


@dataclass(frozen=True, slots=True)
class Damage:
    """A file, what was found wrong with it, and what mends it.

    Attributes:
        record: The record that `repair` removes; None where there is none to remove.
        is_owed: A run alone mends it.
    """

    place: str
    found: str
    remedy: str
    record: str | None = None
    is_owed: bool = False

    @property
    def is_beyond_repair(self) -> bool:
        """Whether a person has to do what the remedy says, before or instead of another run."""
        return self.record is None and not self.is_owed

    def __str__(self) -> str:
        """One line for a person."""
        return f"{self.place}: {self.found}. {self.remedy}"


def damage_of_part(store: Store, part: Part) -> str | None:
    """What is wrong with the part, read to its last byte and page; None: nothing.

    Raises:
        OSError: the disk or the network failed, or you may not read it; the part may be whole.
    """
    try:
        with store.read(part.key) as file:
            return _wrong_bytes(file, part) or _wrong_rows(file, part)
    except FileNotFoundError:
        return "it is gone"
    except (OSError, pa.ArrowException) as error:
        if not is_damage(error):
            raise
        return f"it cannot be read ({first_line(error)})"


def first_line(error: Exception) -> str:
    """What an error says, without its details."""
    return (str(error) or type(error).__name__).splitlines()[0]


def _wrong_bytes(file: BinaryIO, part: Part) -> str | None:
    digest = hashlib.blake2b(digest_size=16)
    while block := file.read(_BLOCK_BYTES):
        digest.update(block)
    if file.tell() != part.size_bytes:
        return f"it has {file.tell()} of the {part.size_bytes} bytes that were written"
    if digest.hexdigest() != part.checksum:
        return "its bytes are not those that were written"
    file.seek(0)
    return None


def _wrong_rows(file: BinaryIO, part: Part) -> str | None:
    with pq.ParquetFile(file, pre_buffer=False, page_checksum_verification=True) as parquet:
        rows = sum(batch.num_rows for batch in parquet.iter_batches(_ROWS_A_BATCH))
    if rows != part.rows:
        return f"it has {rows} rows, and its record says {part.rows}"
    return None
