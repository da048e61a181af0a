"""Whether an error says that a file is bad, or that the disk, the network or a right failed it.

Knows errors, no files. What is called bad is left out, or made anew: a timeout must not look so.
"""

import errno

# A numbered OSError is the disk's or the network's, which a second try may find well again: the
# file is at fault only where the number says so. pyarrow's own words for damage have no number.
_OF_THE_FILE = frozenset(
    {errno.EINVAL, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.ENOTDIR}
)


def is_of_the_file(error: Exception) -> bool:
    """Whether the file is gone, may not be read, or is not what it should be."""
    if isinstance(error, FileNotFoundError | PermissionError):
        return True
    if isinstance(error, TimeoutError | ConnectionError | MemoryError):
        return False
    return not isinstance(error, OSError) or error.errno in _OF_THE_FILE or error.errno is None


def is_damage(error: Exception) -> bool:
    """Whether a file of a store is gone or damaged, so that it has to be made anew.

    Who may not read it sees no damage, and a sector that cannot be read is one.
    """
    if isinstance(error, PermissionError):
        return False
    return is_of_the_file(error) or getattr(error, "errno", None) == errno.EIO
