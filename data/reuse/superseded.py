"""Parts that the newest catalog does not show, though what took their place is not done yet.

Knows seals and records. A run that was stopped early leaves a plan whose chunks are owed; the
vectors of the plan before it are still in the store, under chunks that no catalog names.
"""

from collections.abc import Iterator, Sequence

from data.records.datasets import committed_chunks, read_records
from data.records.seals import CorpusSeal, Seal, newest_seal, read_seal, visible_chunks
from data.sources.plan import load_plan
from data.stores.store import Store


def superseded_parts(store: Store, datasets: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Dataset and part of each chunk that was sealed since a corpus was last whole, by newest."""
    newest = newest_seal(store)
    if newest is None:
        return
    for name, corpus in newest.corpora.items():
        asked = [dataset for dataset in corpus.spaces if dataset in datasets]
        if all(_is_whole(store, corpus, dataset) for dataset in asked):
            continue
        shown = visible_chunks(store, corpus)
        before = list(_corpus_before(store, newest.number, name))
        for dataset in asked:
            sealed = _sealed_chunks(store, [corpus, *before], dataset)
            hidden = sealed & committed_chunks(store, dataset) - set(shown[dataset])
            for record in read_records(store, dataset, sorted(hidden)):
                if record.part is not None:
                    yield dataset, record.part.key


def plans_to_reuse(store: Store, newest: Seal) -> set[str]:
    """The plans whose vectors a run may still copy, since what took their place is not done."""
    plans = set()
    for name, corpus in newest.corpora.items():
        if not all(_is_whole(store, corpus, dataset) for dataset in corpus.spaces):
            corpora = [corpus, *_corpus_before(store, newest.number, name)]
            for dataset in corpus.spaces:
                plans |= set(_plans_since_whole(store, corpora, dataset))
    return plans


def _corpus_before(store: Store, number: int, name: str) -> Iterator[CorpusSeal]:
    """The corpus in each seal before that one, from the newest on."""
    for earlier in range(number - 1, 0, -1):
        corpus = read_seal(store, earlier).corpora.get(name)
        if corpus is None:
            return
        yield corpus


def _sealed_chunks(store: Store, corpora: Sequence[CorpusSeal], dataset: str) -> set[str]:
    """The chunks of the plans since the one that the dataset had whole."""
    plans = set(_plans_since_whole(store, corpora, dataset))
    return {chunk.name for plan in plans for chunk in load_plan(store, plan).chunks}


def _plans_since_whole(store: Store, corpora: Sequence[CorpusSeal], dataset: str) -> Iterator[str]:
    """The plans up to the one, the newest first, that the dataset had whole."""
    for corpus in corpora:
        yield corpus.plan
        if _is_whole(store, corpus, dataset):
            return


def _is_whole(store: Store, corpus: CorpusSeal, dataset: str) -> bool:
    """Whether nothing of the corpus is missing in the dataset: owed, or in a file unreadable."""
    is_there = dataset in corpus.spaces and not corpus.owed.get(dataset)
    return is_there and not load_plan(store, corpus.plan).unreadable
