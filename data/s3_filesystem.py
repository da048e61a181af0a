"""S3 as fsspec reads it. Endpoint, key and secret are known to the environment alone.

Knows which caches would lie. Imports s3fs only when it is asked for.
"""

import fsspec

_BLOCK_BYTES = 4 << 20  # what is read ahead; s3fs's own 50 MB would be read for every small column


def s3_filesystem() -> fsspec.AbstractFileSystem:
    """The file system of this thread; names are listed anew each time."""
    return fsspec.filesystem("s3", use_listings_cache=False, default_block_size=_BLOCK_BYTES)
