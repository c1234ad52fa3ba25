"""The command `sab`: one file a command, loaded when it is called; errors become one line and a non-zero exit."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import click

from sabcore import __version__
from sabcore.errors import SABError
from sabcore.text import one_line

#: Each command and where it lives; loading one must not cost the import of another.
COMMANDS = {
    "bench": "sabcore.cli.bench",
    "check": "sabcore.cli.check",
    "demo": "sabcore.cli.demo",
    "devices": "sabcore.cli.devices",
    "exercise": "sabcore.cli.exercise",
    "export": "sabcore.cli.export",
    "prove": "sabcore.cli.prove",
    "reproduce": "sabcore.cli.reproduce",
    "run": "sabcore.cli.run",
    "sweep": "sabcore.cli.sweep",
    "trace": "sabcore.cli.trace",
    "validate": "sabcore.cli.validate",
    "vectors": "sabcore.cli.vectors",
}
#: Exit codes as shells give them, 128 and the signal's number: of Ctrl-C, and of writing to a pipe that nobody reads.
INTERRUPTED, CLOSED_PIPE = 130, 141


class OneLineError(click.ClickException):
    """Bad input, told in one line. Exit code 2, as for a wrong option."""

    exit_code = 2


class SABGroup(click.Group):
    """Loads commands lazily, and turns the errors that sabcore raises on purpose into one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        return getattr(importlib.import_module(COMMANDS[cmd_name]), cmd_name)

    def make_context(self, *args: Any, **more: Any) -> click.Context:
        with _exit_codes():
            return super().make_context(*args, **more)

    def invoke(self, ctx: click.Context) -> Any:
        with _exit_codes():
            try:
                return super().invoke(ctx)
            finally:
                sys.stdout.flush()  # here, where a closed pipe is still heard


@contextmanager
def _exit_codes() -> Iterator[None]:
    """What goes wrong inside becomes one line and a code of its own: click would make it 1, "a check failed"."""
    try:
        yield
    except SABError as error:
        raise OneLineError(one_line(error, longest=2000)) from error
    except MemoryError as error:
        raise OneLineError("there is not enough memory for this; choose smaller sizes") from error
    except KeyboardInterrupt as error:
        click.echo("stopped", err=True)
        raise click.exceptions.Exit(INTERRUPTED) from error
    except BrokenPipeError as error:
        _write_nothing_more()
        raise click.exceptions.Exit(CLOSED_PIPE) from error
    except OSError as error:
        _write_nothing_more()
        raise OneLineError(one_line(f"this cannot be read or written: {error}")) from error


def _write_nothing_more() -> None:
    """Lose what still waits to be written, or the interpreter complains of it when it ends."""
    with suppress(OSError, ValueError):  # not a file, under a test's runner
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.group(cls=SABGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="sab")
def main() -> None:
    """Sparse Attentive Backtracking: study its exact gradient, validate implementations, run small demos.

    Exit codes: 0 success, 1 a check failed, 2 bad input, 130 stopped by Ctrl-C, 141 nobody read the output.
    """
