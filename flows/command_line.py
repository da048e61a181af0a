"""Command lines drawn by pydantic-settings from the same specs as Prefect's form.

Knows arguments, and how an error looks to a person who typed a command. Knows no flow.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

from prefect.logging.configuration import setup_logging
from pydantic import ValidationError
from pydantic_settings import BaseSettings, CliApp, PydanticBaseSettingsSource, SettingsConfigDict

from data import StoreError
from flows.console import console


class Command(BaseSettings):
    """Arguments of the command line and nothing else: no variable of the environment is read."""

    model_config = SettingsConfigDict(
        cli_avoid_json=True, cli_hide_none_type=True, cli_implicit_flags=True, frozen=True
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        *_others: PydanticBaseSettingsSource,
        **_more: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Leave out environment, .env and secrets."""
        return (init_settings,)

    @classmethod
    def parse(cls) -> Self:
        """The arguments that were typed.

        Raises:
            SystemExit: one of them is not what it should be; the message names it.
        """
        try:
            return CliApp.run(cls)
        except ValidationError as error:
            for problem in error.errors():
                place = ".".join(str(part) for part in problem["loc"])
                console.print(f"--{place}: {_words(problem)}", style="red", markup=False)
            raise SystemExit(2) from None


def _words(problem: Any) -> str:
    message = str(problem["msg"]).removeprefix("Value error, ")
    if problem["type"] in {"value_error", "missing"}:
        return message
    return f"{message}; found {problem['input']!r}"


@contextmanager
def plain_errors(*more: type[Exception]) -> Iterator[None]:
    """Say an expected error in a sentence and exit with 1; any other keeps its traceback.

    Prefect's own log lines stay off the terminal; the server has them.
    """
    setup_logging()
    for handler in logging.getLogger().handlers:
        handler.addFilter(lambda record: not record.name.startswith("prefect"))
    expected: tuple[type[Exception], ...] = (ValueError, StoreError, *more)
    try:
        yield
    except expected as error:
        console.print(str(error), style="red", markup=False)
        raise SystemExit(1) from None
