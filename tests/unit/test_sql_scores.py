"""SQL gives the vectors of a space the probabilities that its labeler gave them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data import newest_catalog, open_existing_store, read_queries, run_query
from tests.nights import night, put_in_force, trained_corpus

TITLE = "Labels of a space, without Python"
STORED = "SELECT chunk, row, version, probabilities FROM current_labels"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("trained")


def test_the_query_of_the_page_gives_the_stored_probabilities(small: Any, cache: Path) -> None:
    put_in_force(small, trained_corpus(small, cache), "mean_logistic_regression")
    night(small, "first")
    (space, dimension) = small.ask("SELECT space, dimension FROM spaces WHERE strategy = 'mean'")[0]
    page = read_queries()[TITLE]
    query = page.replace("all_minilm_l6_v2_mean", space).replace("[384]", f"[{dimension}]")
    catalog = newest_catalog(open_existing_store(str(small.store)))
    assert catalog is not None

    _, rows = run_query(catalog, query.replace("LIMIT 12", ""))

    found: dict[Any, list[float]] = {}
    for *key, _, probability in rows:  # the most probable label first
        found.setdefault(tuple(key), []).append(float(str(probability)))
    stored = {tuple(key): sorted(given, reverse=True) for *key, given in small.ask(STORED)}
    assert len(stored) == 90
    for key, given in stored.items():
        np.testing.assert_allclose(found[key], given, rtol=0, atol=1e-6)
