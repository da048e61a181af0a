"""SQL text where a value cannot be bound: names and file lists. Knows quoting and Parquet parts."""

from collections.abc import Iterable


def quote_name(name: str) -> str:
    """A name as SQL takes it, whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


def quote_text(text: str) -> str:
    """A text literal."""
    return "'" + text.replace("'", "''") + "'"


def quote_list(texts: Iterable[str]) -> str:
    """A list literal of texts."""
    return "[" + ", ".join(quote_text(text) for text in texts) + "]"


def read_parts(paths: Iterable[str]) -> str:
    """A FROM clause over parts of one schema; a `key=value` folder on their way is no column."""
    return f"read_parquet({quote_list(paths)}, hive_partitioning = false)"


def read_parts_by_name(paths: Iterable[str]) -> str:
    """The same over parts whose carried columns differ: one that a part lacks is null there."""
    return f"read_parquet({quote_list(paths)}, union_by_name = true, hive_partitioning = false)"
