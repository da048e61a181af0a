"""List the heads and ensembles by name. To add one: a small class, and a line here."""

from collections.abc import Callable

from labeling.heads.ensembles import Greedy, Simplex, SoftVote, Stack
from labeling.heads.head_kind import HeadKind
from labeling.heads.linear import LinearSvm, LogisticRegression
from labeling.heads.mlp import Mlp
from labeling.heads.prototype import Prototype
from labeling.heads.tfidf import Tfidf

# Over the vectors of one space.
HEADS: dict[str, Callable[..., HeadKind]] = {
    "logistic_regression": LogisticRegression,
    "linear_svm": LinearSvm,
    "mlp": Mlp,
    "prototype": Prototype,
}

# Over texts.
TEXT_HEADS: dict[str, Callable[..., HeadKind]] = {
    "tfidf": Tfidf,
}

# Over the probabilities of other labelers.
ENSEMBLES: dict[str, Callable[..., HeadKind]] = {
    "soft_vote": SoftVote,
    "simplex": Simplex,
    "stack": Stack,
    "greedy": Greedy,
}

# Heads that are made of means: no label can weigh more.
UNWEIGHTED = frozenset({"prototype"})

# Heads that can be made of descriptions of the labels, without a labelled text.
ZERO_SHOT = frozenset({"prototype"})
