"""Figures as a person reads them: sizes, times, shares. Knows units, not what is measured."""

_KILO = 1000
_TENTHS_BELOW = 10
_UNITS_OF_TIME = (("days", 86_400, 172_800), ("h", 3_600, 3_600), ("min", 60, 60))


def duration_words(seconds: float) -> str:
    """Minutes and seconds, with hours before them if there are any: 2:05, 1:00:00."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def count_words(count: int, what: str) -> str:
    """So many of a thing that takes an s: 1 chunk, 12 chunks."""
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def size_words(size_bytes: float) -> str:
    """To a tenth of the largest unit that fits: 12.3 GB."""
    size, units = float(size_bytes), ["bytes", "kB", "MB", "GB", "TB"]
    while size >= _KILO and len(units) > 1:
        size, units = size / _KILO, units[1:]
    return f"{size:,.0f} {units[0]}" if units[0] == "bytes" else f"{size:,.1f} {units[0]}"


def time_words(seconds: float) -> str:
    """To two digits, in the unit that a person would say: 40 s, 12 min, 3.2 h, 5.1 days."""
    for unit, size, at_least in _UNITS_OF_TIME:
        if seconds >= at_least:
            return f"{_two_digits(seconds / size)} {unit}"
    return f"{seconds:.0f} s"


def share_words(share: float) -> str:
    """Per cent to two digits; what is there is never none."""
    percent = 100 * share
    return "< 0.1 %" if 0 < percent < 1 / 10 else f"{_two_digits(percent)} %"


def _two_digits(value: float) -> str:
    return f"{value:.1f}" if 0 < value < _TENTHS_BELOW else f"{value:,.0f}"
