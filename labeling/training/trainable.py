"""Refuse what cannot be trained, before it takes any time. Knows examples and specs, no head."""

from collections.abc import Mapping
from functools import reduce
from typing import Literal

import numpy as np

from labeling.examples import Examples
from labeling.heads.tables import HEADS, TEXT_HEADS, ZERO_SHOT
from labeling.labeler import Member
from labeling.misfits import refuse_misfit
from labeling.training.head_spec import HeadSpec

_HEADS_THAT_READ = {"vectors": HEADS, "texts": TEXT_HEADS}


def refuse_other_head(spec: HeadSpec, reads: Literal["vectors", "texts"]) -> None:
    """Refuse a head that reads something else.

    Raises:
        ValueError: With the heads that could be meant.
    """
    possible = _HEADS_THAT_READ[reads]
    if spec.head not in possible:
        raise ValueError(
            f"head {spec.head!r} does not read {reads}. Name one of {', '.join(possible)}."
        )


def refuse_wrong_rows(examples: Examples, vectors: np.ndarray) -> None:
    """Refuse vectors that are not one for each example.

    Raises:
        ValueError: With both numbers.
    """
    if vectors.ndim != 2 or len(vectors) != len(examples.fold):  # noqa: PLR2004 - rows and columns
        raise ValueError(
            f"expected one vector for each of {len(examples.fold)} examples; found an array of "
            f"shape {vectors.shape}"
        )


def refuse_prototypes(examples: Examples, spec: HeadSpec, prototypes: np.ndarray | None) -> None:
    """Refuse prototypes that play no part, and examples that need them.

    Raises:
        ValueError: With what to do about it.
    """
    if prototypes is None:
        refuse_unseen_labels(examples)
        return
    if spec.head not in ZERO_SHOT:
        raise ValueError(
            f"head {spec.head!r} reads no descriptions of labels. Leave them out, or name one of "
            f"{', '.join(sorted(ZERO_SHOT))}."
        )
    if len(prototypes) != len(examples.schema.labels):
        raise ValueError(
            f"expected a description of each of {len(examples.schema.labels)} labels; found "
            f"{len(prototypes)}"
        )
    if examples.schema.task == "multi_label" and not len(examples.train):
        raise ValueError(
            "a multi-label task without a labelled text: from which likeness on a label is given "
            "cannot be known. Label some texts."
        )


def refuse_unseen_labels(examples: Examples) -> None:
    """Refuse labels that no training row has.

    Raises:
        ValueError: With their names.
    """
    seen = examples.indicator[examples.train].any(axis=0)
    if not seen.all():
        unseen = [
            label
            for label, is_seen in zip(examples.schema.labels, seen, strict=True)
            if not is_seen
        ]
        raise ValueError(
            f"no training row has the labels {unseen}. Label some texts, or drop these labels."
        )


def refuse_few_folds(fold: np.ndarray) -> None:
    """Refuse training rows of one fold: nothing could be asked of rows that were not seen.

    Raises:
        ValueError: With the fold.
    """
    if len(np.unique(fold)) == 1:
        raise ValueError(
            f"all {len(fold)} training rows are of fold {fold[0]}. Divide them into two at least."
        )


def refuse_other_members(examples: Examples, members: Mapping[str, Member]) -> None:
    """Refuse members that cannot vote on these examples together.

    Raises:
        ValueError: With what differs.
    """
    if len(members) < 2:  # noqa: PLR2004 - one vote is no ensemble
        raise ValueError(f"an ensemble needs two members at least; found {list(members)}")
    num_test = len(examples.test)
    for name, member in members.items():
        refuse_misfit(member.labeler.spec, schema=examples.schema)
        known = np.isin(member.held, examples.train).all()
        if not known or len(member.test_probabilities) != num_test:
            raise ValueError(
                f"member {name!r} was trained on other examples: it was tested on "
                f"{len(member.test_probabilities)} rows, and here {num_test} are tested. Train it "
                "on these."
            )
    if not len(reduce(np.intersect1d, [member.held for member in members.values()])):
        counts = {name: len(member.held) for name, member in members.items()}
        raise ValueError(
            f"no training row was held out from all members; held out from each: {counts}. Give "
            "them one validation_fold."
        )
