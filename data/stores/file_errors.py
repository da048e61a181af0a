"""Whether an error says that a file is bad, or that the disk, the network or a right failed it.

Knows errors, no files. What is called bad is left out, or made anew: a timeout must not look so.
"""

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# A numbered OSError is the disk's or the network's, which a second try may find well again: the
# file is at fault only where the number says so. pyarrow's own words for damage have no number.
_OF_THE_FILE = frozenset(
    {errno.EINVAL, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.ENOTDIR}
)
# Where a server answered, its status says more than the number that a library gives it: s3fs says
# EINVAL of a token that has expired, and EIO of whatever it does not know.
_DENIED, _GONE, _CUT_OFF = frozenset({401, 403}), frozenset({404, 410}), frozenset({416})
_OF_NETWORKS = (
    ("aiohttp", "ClientError"),
    ("botocore.exceptions", "BotoCoreError"),
    ("httpx", "TransportError"),
)


def status_of(error: BaseException) -> int | None:
    """The HTTP status of the answer that an error tells of; None where nothing was answered."""
    for each in (error, error.__cause__):
        response = getattr(each, "response", None)
        if isinstance(response, dict):  # botocore's
            found = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        else:
            found = getattr(response, "status_code", getattr(each, "status", None))
        if isinstance(found, int):
            return found
    return None


def is_of_the_file(error: BaseException) -> bool:
    """Whether the file is gone, may not be read, or is not what it should be."""
    status = status_of(error)
    if status is not None:
        return status in _DENIED | _GONE | _CUT_OFF
    if isinstance(error, FileNotFoundError) and error.__cause__ is not None:
        return is_of_the_file(error.__cause__)  # fsspec says so of a web server that is silent
    if isinstance(error, FileNotFoundError | PermissionError):
        return True
    if isinstance(error, (TimeoutError, ConnectionError, MemoryError, *network_errors())):
        return False
    if isinstance(error, OSError) and error.errno is None:
        return type(error).__module__ == "builtins"  # others are those of a library for networks
    return not isinstance(error, OSError) or error.errno in _OF_THE_FILE


def is_damage(error: Exception) -> bool:
    """Whether a file of a store is gone or damaged, so that it has to be made anew.

    Who may not read it sees no damage, and a sector that cannot be read is one.
    """
    status = status_of(error)
    if isinstance(error, PermissionError) or status in _DENIED:
        return False
    is_bad_sector = status is None and getattr(error, "errno", None) == errno.EIO
    return is_bad_sector or is_of_the_file(error)


@contextmanager
def server_errors(place: str) -> Iterator[None]:
    """What a server said of the place, as an OSError: it is gone, is denied, or may come back.

    fsspec calls a file gone whatever became of its request, and lets pass errors that are no
    OSErrors, which alone are tried again.
    """
    try:
        yield
    except _failures() as error:
        said = _in_words_of_files(error, place)
        if said is error:
            raise
        raise said from error


def _in_words_of_files(error: Exception, place: str) -> OSError:
    status = status_of(error)
    if status in _DENIED:
        return PermissionError(f"{place} may not be read ({error})")
    if is_of_the_file(error):
        return error if isinstance(error, OSError) else FileNotFoundError(f"{place} ({error})")
    is_plain = not isinstance(error, (FileNotFoundError, *network_errors()))
    if is_plain and status is None and isinstance(error, OSError):
        return error
    cause = (isinstance(error, FileNotFoundError) and error.__cause__) or error
    return ConnectionError(
        f"{place} cannot be read now ({str(cause) or type(cause).__name__}), which does not say "
        "that it is damaged. Look at its server, at the network and at credentials that may have "
        "expired, and run again."
    )


def _failures() -> tuple[type[Exception], ...]:
    return (OSError, *network_errors())


def network_errors() -> tuple[type[Exception], ...]:
    """Those of libraries, OSErrors or not; one that nobody has imported has raised none."""
    found = ((sys.modules.get(library), name) for library, name in _OF_NETWORKS)
    return tuple(getattr(library, name) for library, name in found if library is not None)
