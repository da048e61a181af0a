"""A path or URL that a person gives, and that everybody may see: without a password.

Plans, run parameters and logs hold it as it is.
"""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

# user:password@ in a URL; a port is none, nor is the container before the @ of abfs://
_PASSWORD = r"://[^/@]+:(?!\d+/)[^@]*@"


def _refuse_password(path: str) -> str:
    if re.search(_PASSWORD, path):
        raise ValueError(
            "the path holds a password, which plans, run parameters and logs would show. Give it "
            "in the environment, for S3 as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and the "
            "path without it."
        )
    return path


# The schema tells a Prefect server, which then refuses such a run before it keeps its parameters.
PlainPath = Annotated[
    str,
    AfterValidator(_refuse_password),
    Field(json_schema_extra={"not": {"pattern": _PASSWORD}}),
]
