"""SQL text where a value cannot be bound: names and file lists of views. Knows quoting alone."""

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
