"""Command lines drawn by pydantic-settings from the same specs as Prefect's form.

Knows arguments, and how an error looks to a person who typed a command. Knows no flow.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

from prefect.logging.configuration import setup_logging
from pydantic import BaseModel, ValidationError
from pydantic_settings import (
    BaseSettings,
    CliApp,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from data import StoreError, StoreUnreachable
from flows.console import console

_INTERRUPTED = 130  # what a shell says of a command ended by Ctrl-C


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
        except SettingsError as error:
            console.print(
                f"An option cannot be read: {error}. See --help.", style="red", markup=False
            )
            raise SystemExit(2) from None
        except ValidationError as error:
            for problem in error.errors():
                for place in _places(cls, problem):
                    console.print(f"--{place}: {_words(problem)}", style="red", markup=False)
            raise SystemExit(2) from None


def _places(command: type[BaseModel], problem: Any) -> list[str]:
    """The options that a problem is about; those of a whole group if the group is missing."""
    place = ".".join(str(part) for part in problem["loc"])
    field = command.model_fields.get(place)
    group = field.annotation if field else None
    if problem["type"] == "missing" and isinstance(group, type) and issubclass(group, BaseModel):
        return [
            f"{place}.{name}" for name, each in group.model_fields.items() if each.is_required()
        ]
    return [place]


def _words(problem: Any) -> str:
    message = str(problem["msg"]).removeprefix("Value error, ")
    if problem["type"] in {"value_error", "missing"}:
        return message
    return f"{message}; found {problem['input']!r}"


@contextmanager
def plain_errors(*more: type[Exception]) -> Iterator[None]:
    """Say an expected error in a sentence and exit with 1; any other keeps its traceback.

    Prefect's own log lines stay off the terminal, of processes that tasks run in, too; the server
    has them.
    """
    setup_logging()
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "WARNING")  # those of children
    logging.getLogger("prefect._internal").setLevel(logging.CRITICAL)
    for handler in logging.getLogger().handlers:
        handler.addFilter(lambda record: not record.name.startswith("prefect"))
    expected: tuple[type[Exception], ...] = (ValueError, StoreError, StoreUnreachable, *more)
    try:
        yield
    except KeyboardInterrupt:
        console.print("Stopped. The same command goes on where this one was.", style="red")
        raise SystemExit(_INTERRUPTED) from None
    except expected as error:
        console.print(str(error), style="red", markup=False)
        raise SystemExit(1) from None
