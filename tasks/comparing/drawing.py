"""Draw a chart and make an image of it that stands inside a page. Knows matplotlib, no figures.

Texts stay texts: the reader's own fonts have the letters of every label. Nothing is read as a
formula, and an image inside a page runs no script and asks for nothing.
"""

import base64
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import StringIO
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Okabe and Ito, Color Universal Design (2008), https://jfly.uni-koeln.de/color/: told apart by
# colour-blind people, too; without the yellow, which is lost on white.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#4D4D4D")
INK, FAINT = "#1f2933", "#d5dae0"
_LONGEST_LABEL = 32

_STYLE: dict[Any, Any] = {  # its keys are a type of 300 names
    "svg.fonttype": "none",
    "svg.hashsalt": "poolhouse",  # the same chart has the same bytes
    "font.size": 9.5,
    "text.color": INK,
    "text.parse_math": False,
    "axes.edgecolor": "#9aa5b1",
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "xtick.color": "#52606d",
    "ytick.color": INK,
    "grid.color": FAINT,
    "grid.linewidth": 0.7,
}
_NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}


@contextmanager
def drawing(width: float, height: float) -> Iterator[tuple[Figure, Axes]]:
    """A figure of that many inches with one pair of axes, in the page's style."""
    with rc_context(_STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure, figure.add_subplot()


def image(figure: Figure) -> str:
    """The figure as the address of an image: SVG, in base64. Call it inside `drawing`."""
    file = StringIO()
    figure.savefig(file, format="svg", transparent=True, metadata=_NO_METADATA)
    svg = re.sub(r"^.*?(?=<svg)", "", file.getvalue(), count=1, flags=re.DOTALL)
    svg = svg.replace("'DejaVu Sans'", "'Helvetica Neue', Arial, 'DejaVu Sans'")
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def short(text: str) -> str:
    """A label that fits beside an axis: one line, and no longer than a person reads there."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_LABEL else line[: _LONGEST_LABEL - 1] + "\u2026"


def shorts(texts: Sequence[str]) -> list[str]:
    """The same of each."""
    return [short(text) for text in texts]
