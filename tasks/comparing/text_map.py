"""A map of texts: their vectors in two dimensions, and the chart of it, coloured by label.

Knows vectors and t-SNE. The map is for looking at; nothing is decided by it.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from tasks.comparing.comparison import TextMap
from tasks.comparing.drawing import PALETTE, drawing, image, short

MAX_TEXTS = 2_000
_FEWEST_FOR_TSNE = 30
_PERPLEXITY = 30
_COMPONENTS = 50  # van der Maaten and Hinton 2008, section 4.2: PCA to 30 or 50 before t-SNE
_MARKERS = ("o", "x", "s", "+")
_MOST_NAMED = 16  # on the map itself, at their middles; more would cover each other
_PAPER = {"boxstyle": "round,pad=0.2", "facecolor": "white", "alpha": 0.8, "linewidth": 0}
_MOST_COLOURED = len(PALETTE) * len(_MARKERS)


def map_texts(space: str, vectors: np.ndarray, indicator: np.ndarray, seed: int = 0) -> TextMap:
    """Lay out at most 2,000 texts, evenly drawn; of several labels the commonest colours a text.

    t-SNE started at the two main components, or these alone where there are few texts.
    """
    drawn = np.unique(np.linspace(0, len(vectors) - 1, min(len(vectors), MAX_TEXTS)).astype(int))
    by_support = np.where(indicator, indicator.sum(axis=0), -1)
    places = _layout(np.asarray(vectors, dtype=np.float32)[drawn], seed)
    return TextMap(
        space=space,
        x=tuple(np.round(places[:, 0], 2).tolist()),
        y=tuple(np.round(places[:, 1], 2).tolist()),
        label=tuple(np.where(indicator.any(axis=1), by_support.argmax(axis=1), -1)[drawn].tolist()),
    )


def _layout(vectors: np.ndarray, seed: int) -> np.ndarray:
    """Float [n, 2]."""
    if len(vectors) < _FEWEST_FOR_TSNE:
        return np.asarray(PCA(2, random_state=seed).fit_transform(vectors))
    reduced = PCA(min(_COMPONENTS, *vectors.shape), random_state=seed).fit_transform(vectors)
    perplexity = min(_PERPLEXITY, len(vectors) / 4)
    layout = TSNE(2, perplexity=perplexity, init="pca", random_state=seed, max_iter=750)
    return np.asarray(layout.fit_transform(reduced))


def map_chart(text_map: TextMap, labels: Sequence[str]) -> str:
    """One dot a text; the commonest labels have a colour and a mark, all else is grey."""
    x, y, label = (np.array(each) for each in (text_map.x, text_map.y, text_map.label))
    by_size = sorted(range(len(labels)), key=lambda each: (-int((label == each).sum()), each))
    coloured = [each for each in by_size[:_MOST_COLOURED] if (label == each).any()]
    with drawing(11, 7.2) as (figure, axes):
        rest = ~np.isin(label, coloured)
        axes.scatter(x[rest], y[rest], 9, color="#c3cad2", linewidth=0)
        for rank, each in enumerate(coloured):
            mine = label == each
            colour, marker = PALETTE[rank % len(PALETTE)], _MARKERS[rank // len(PALETTE)]
            name = short(labels[each]).lstrip("_")  # matplotlib hides names that begin with it
            look: dict[str, Any] = {"color": colour, "marker": marker, "linewidth": 1}
            axes.scatter(x[mine], y[mine], 12, alpha=0.8, label=name, **look)
        for each in coloured[:_MOST_NAMED]:
            centre = (np.median(x[label == each]), np.median(y[label == each]))
            axes.annotate(short(labels[each]), centre, ha="center", va="center", bbox=_PAPER)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False, markerscale=1.6)
        return image(figure)
