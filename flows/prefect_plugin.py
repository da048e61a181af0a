"""Let `prefect deployment run embed-corpus` find its deployment without the flow's name.

Stock Prefect wants `flow/deployment`. This start-up hook, which pyproject.toml registers, makes a
bare name work wherever it is unique on the server. The hook is Prefect's public interface, the
method that it replaces is not: a Prefect that has moved it simply goes on wanting both names.
"""

import logging
from typing import Any

from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterName
from prefect.client.schemas.responses import DeploymentResponse
from prefect.plugins import HookContext, register_hook

logger = logging.getLogger(__name__)


@register_hook
def setup_environment(*, ctx: HookContext) -> None:
    """Teach Prefect's client to take a bare deployment name."""
    try:
        from prefect.client.orchestration._deployments import client  # noqa: PLC0415 - may be gone

        take_bare_names(client.DeploymentAsyncClient)
    except (ImportError, AttributeError) as error:
        logger.warning("Name deployments in full, embed-corpus/embed-corpus: %s", error)


def take_bare_names(client_class: Any) -> None:
    """Replace the class's look-up by one that resolves a unique name without a slash."""
    read_by_full_name = client_class.read_deployment_by_name

    async def read_deployment_by_name(self: Any, name: str) -> DeploymentResponse:
        if "/" not in name:
            wanted = DeploymentFilter(name=DeploymentFilterName(any_=[name]))
            found: list[DeploymentResponse] = await self.read_deployments(deployment_filter=wanted)
            if len(found) == 1:
                return found[0]
        deployment: DeploymentResponse = await read_by_full_name(self, name)
        return deployment

    client_class.read_deployment_by_name = read_deployment_by_name
