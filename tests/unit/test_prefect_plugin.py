"""Deployments by their bare name: what the hook does to Prefect's client."""

import asyncio
import logging
from typing import Any

import pytest
from prefect.client.orchestration._deployments.client import DeploymentAsyncClient
from prefect.plugins import HookContext

from flows import prefect_plugin


class FakeClient:
    """Knows deployments by full name only, as Prefect's client does."""

    deployments = ("embed-corpus/embed-corpus", "one/twin", "two/twin")

    async def read_deployments(self, deployment_filter: Any) -> list[str]:
        (wanted,) = deployment_filter.name.any_
        return [name for name in self.deployments if name.split("/")[1] == wanted]

    async def read_deployment_by_name(self, name: str) -> str:
        _, deployment = name.split("/")
        return f"by full name: {deployment}"


@pytest.fixture
def client() -> FakeClient:
    class Patched(FakeClient):
        pass

    prefect_plugin.take_bare_names(Patched)
    return Patched()


def test_a_unique_bare_name_is_found(client: FakeClient) -> None:
    found = asyncio.run(client.read_deployment_by_name("embed-corpus"))

    assert found == "embed-corpus/embed-corpus"


def test_a_full_name_is_looked_up_as_before(client: FakeClient) -> None:
    found = asyncio.run(client.read_deployment_by_name("one/twin"))

    assert found == "by full name: twin"


@pytest.mark.parametrize("name", ["twin", "unknown"])
def test_an_ambiguous_or_unknown_name_gets_prefects_own_answer(
    client: FakeClient, name: str
) -> None:
    with pytest.raises(ValueError, match="not enough values"):
        asyncio.run(client.read_deployment_by_name(name))


def test_the_installed_prefect_still_has_the_method_that_we_replace() -> None:
    assert asyncio.iscoroutinefunction(DeploymentAsyncClient.read_deployment_by_name)


def test_a_prefect_without_that_method_only_warns(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delattr(DeploymentAsyncClient, "read_deployment_by_name")

    context = HookContext(prefect_version="", api_url=None, logger_factory=logging.getLogger)
    prefect_plugin.setup_environment(ctx=context)

    assert "embed-corpus/embed-corpus" in caplog.text
