"""The component that sif_mean removes: what it is, and where it is refused."""

from typing import Any

import numpy as np
import pytest

from pooling import PoolingSpec
from tasks.token_weights import ComponentSpec, check_request
from tests.token_weights import TEXTS, about, asked, fit, fit_component


def vectors_of(small: Any, space: str) -> np.ndarray:
    rows = small.ask(f'SELECT vector FROM "{space}" ORDER BY chunk, row')
    return np.array([row[0] for row in rows], np.float32)


def test_the_component_is_the_first_singular_vector_of_the_sample(small: Any) -> None:
    small.write("a.parquet", TEXTS)
    raw = {"layers": [1], "normalize": False}
    component = ComponentSpec.model_validate({"pooling": raw, "sample_texts": 1_000})
    fitted = fit_component(small, component)
    plain = PoolingSpec(**raw, strategy="sif_mean", weights=fit(small).name)
    small.embed(poolings=(plain, *fitted.poolings))
    spaces = [name for (name,) in small.ask("SELECT space FROM spaces ORDER BY len(space)")]
    before, after = (vectors_of(small, name) for name in spaces)

    _, values, directions = np.linalg.svd(before.astype(np.float64), full_matrices=False)

    u = directions[0]
    np.testing.assert_allclose(after, before - np.outer(before @ u, u), rtol=0, atol=1e-5)
    assert fitted.component_share == pytest.approx(values[0] ** 2 / (values**2).sum(), abs=1e-6)
    assert (fitted.texts, about(small, fitted.name)["sample"]["texts"]) == (40, 40)


@pytest.mark.parametrize(
    ("settings", "encoder", "said"),
    [
        ({"layers": (1,)}, {}, r"layers \[-1\], found \[1\]"),
        ({"special_tokens": True}, {}, "special_tokens False, found True"),
        ({"parameters": {"a": 0.01, "remove_component": True}}, {}, "a 0.001, found 0.01"),
        ({}, {"prompt": "passage: "}, "another encoder: prompt '', found 'passage: '"),
    ],
)
def test_a_component_of_other_settings_or_of_another_encoder_is_refused(
    small: Any, settings: dict[str, Any], encoder: dict[str, Any], said: str
) -> None:
    small.write("a.parquet", TEXTS)
    (pooling,) = fit_component(small, ComponentSpec(sample_texts=10)).poolings
    small.plan(poolings=(pooling.model_copy(update={"dimensions": 4, "normalize": False}),))

    with pytest.raises(ValueError, match=said):
        small.plan(
            poolings=(pooling.model_copy(update=settings),),
            encoder=small.encoder.model_copy(update=encoder),
        )


@pytest.mark.parametrize(
    ("pooling", "said"),
    [
        ("mean", "only sif_mean"),
        ({"parameters": {"remove_component": False}}, "only sif_mean"),
        ({"layers": [0, 1], "combine": "mix"}, "Give mix_weights"),
        ({"weights": "tokens-12345678"}, "leave weights out"),
    ],
)
def test_a_pooling_that_removes_no_component_is_refused(pooling: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        ComponentSpec(pooling=pooling)


def test_a_component_of_a_layer_that_does_not_exist_is_refused_before_reading(small: Any) -> None:
    component = ComponentSpec.model_validate({"pooling": {"layers": [9]}})

    with pytest.raises(ValueError, match=r"layers \[9\] do not exist"):
        check_request(asked(small, component))


@pytest.mark.parametrize("find", [fit, lambda small: fit_component(small, ComponentSpec())])
def test_a_corpus_without_a_token_gives_nothing_to_fit_on(small: Any, find: Any) -> None:
    small.write("a.parquet", ["\u200b", "\u200c", "\u200d\u200b"])
    with pytest.raises(ValueError, match="no text of corpus 'small' has a token"):
        find(small)
    assert not (small.store / "models").exists()
