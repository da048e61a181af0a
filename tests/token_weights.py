"""Counts of tokens and a component, fitted on a small corpus without Prefect."""

from typing import Any

from data import load_model, open_existing_store
from tasks.fit_token_weights import count_corpus, fit_corpus_component
from tasks.run_spec import FitSpec
from tasks.token_weights import ComponentSpec, FittedWeights, WeightsRequest

TEXTS = [f"page {n} is about the number {n % 7} and the {'cat' * (n % 2)} mat" for n in range(40)]


def asked(small: Any, component: ComponentSpec | None = None, **changes: Any) -> WeightsRequest:
    request = small.request(**changes)
    return WeightsRequest(
        corpus=request.corpus,
        encoder=request.encoder,
        store=request.store,
        run=FitSpec(**request.run.model_dump(include=set(FitSpec.model_fields))),
        component=component,
    )


def fit(small: Any, **changes: Any) -> FittedWeights:
    return count_corpus(asked(small, **changes))


def fit_component(small: Any, component: ComponentSpec, **changes: Any) -> FittedWeights:
    request = asked(small, component, **changes)
    return fit_corpus_component(request, count_corpus(request))


def about(small: Any, name: str) -> dict[str, Any]:
    return load_model(open_existing_store(str(small.store)), name).about
