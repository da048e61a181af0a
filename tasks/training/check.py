"""See whether labels can be learned, before anything is embedded. Loads no model."""

from data import has_store, open_existing_store
from tasks.training.examples import read_examples
from tasks.training.request import TrainRequest, refuse_uncarried
from tasks.training.reviewed import read_reviewed
from tasks.training.spaces import learned_words
from tasks.training.titles import planned_titles


def check_training(request: TrainRequest) -> tuple[str, ...]:
    """See whether the labels can be learned, before anything is embedded; what was found, in words.

    Raises:
        ValueError: they cannot, or the request asks for what does not fit.
    """
    refuse_uncarried(request)
    planned_titles(request)
    store = open_existing_store(request.store.path) if has_store(request.store) else None
    facts = read_examples(request, read_reviewed(store, request), None, ()).facts
    return (*facts, *(learned_words(store, request) if store is not None else ()))
