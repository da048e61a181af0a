"""Sealing: check what is new, then create the next seal. Safe at any time, from several at once.

Knows the order. What is checked is in checks.py, what a seal is in data/records/seals.py.
"""

from data.checking.checks import check_new_chunks
from data.lineage import canonical_json
from data.records.seals import SealOutcome, SealRequest, newest_seal, next_seal
from data.stores.store import OpenStore


def seal_corpus(store: OpenStore, request: SealRequest) -> SealOutcome:
    """Create the next seal; who loses its number to another publisher starts again.

    When nothing changed, the newest seal stays.
    """
    while True:
        before = newest_seal(store)
        outcome = next_seal(store, before, request)
        if before is not None and outcome.seal.corpora == before.corpora:
            return outcome.model_copy(
                update={"seal": before.model_copy(update={"changed": request.corpus})}
            )
        check_new_chunks(store, before, request.corpus, outcome.corpus)
        content = canonical_json(outcome.seal.model_dump(mode="json"))
        if store.create(f"seals/{outcome.seal.number}.json", content):
            return outcome
