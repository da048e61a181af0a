"""The bake-off: train all that is asked for, then the ensembles and controls that tell why.

Knows the order of the work. What is shown of it is put together in standings.py.
"""

from collections.abc import Callable

from labeling import EnsembleSpec
from tasks.comparing.comparison import Comparison
from tasks.comparing.names import display_names, family_of
from tasks.comparing.seeds import vote_over_seeds
from tasks.comparing.standings import Standings, best_over_words
from tasks.training.request import TrainRequest
from tasks.training.shelf import Kept
from tasks.training.train import LabelerTraining

_STACK = EnsembleSpec(ensemble="stack")


def bake_off(request: TrainRequest) -> Comparison:
    """Train, compare and keep all labelers; the spaces of the request are embedded.

    Besides what the request asks for: a stack of the poolings alone, one of the best of them with
    the words, and the control of seeds, so that it shows what each is worth.

    Raises:
        ValueError: the labels cannot be learned, or the request asks for what does not fit.
        StoreError: the store cannot be used.
    """
    training = LabelerTraining(request)
    training.train()
    names = display_names(training)
    num_singles = sum(family_of(kept) != "ensemble" for kept in training.shelf)
    for words, display, is_in in _parts(training, names):
        members = {kept.name: kept.member for kept in training.shelf if is_in(kept)}
        if 1 < len(members) < num_singles:
            made = training.train_ensemble(_STACK, members, words)
            names[made.title] = display.format(len(members))
    votes = vote_over_seeds(training)
    standings = Standings(training, names)
    training.finish(standings.pairs)
    return standings.comparison(votes)


def _parts(
    training: LabelerTraining, names: dict[str, str]
) -> list[tuple[str, str, Callable[[Kept], bool]]]:
    """Parts of the members: what leads the title, what they are called, and who is among them."""
    dense = training.shelf.best_over_vectors
    if dense is None:
        return []
    pair = (dense, best_over_words(training))
    return [
        ("poolings", "stack of {} without words", _reads_vectors),
        ("pair", f"stack of {names[dense.title]} and words", lambda kept: kept in pair),
    ]


def _reads_vectors(kept: Kept) -> bool:
    return kept.member.labeler.spec.source.kind == "space"
