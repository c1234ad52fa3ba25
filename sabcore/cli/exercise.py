"""`sab exercise`: fill in a line of the engine, and learn whether it is right or what it is."""

from __future__ import annotations

import json
from pathlib import Path

import click

from sabcore.text import printable


@click.command()
@click.argument("number", required=False, type=int, metavar="[N]")
@click.option("--out", type=click.Path(path_type=Path), help="The file to write.  [default: exercise_N.py]")
@click.option("--check", "to_check", type=click.Path(path_type=Path), metavar="FILE", help="Judge a filled-in file.")
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON.")
@click.pass_context
def exercise(ctx: click.Context, number: int | None, out: Path | None, to_check: Path | None, as_json: bool) -> None:
    """List the exercises; write exercise N as a file with one line blank; or check a filled-in one.

    The check runs the file in a process of its own, in the engine's place, and says that it is right, which named
    mistake it equals, or where it first differs. Exit code 0 if it is right, 1 if not, 2 if it cannot be run.
    """
    from sabcore.exercise import check, sheet
    from sabcore.exercise.catalogue import EXERCISES

    if number is None:
        if to_check is not None or out is not None:
            raise click.UsageError("--check and --out need the exercise's number, as sab exercise 3 --check FILE")
        for place, one in enumerate(EXERCISES, start=1):
            click.echo(f"{place:3}  {one.title}")
        return
    if to_check is not None and out is not None:
        raise click.UsageError("--out names the file to write, --check one to judge: give one of them")
    if to_check is None:
        path = out or Path(f"exercise_{number}.py")
        sheet.write_sheet(number, path)
        click.echo(printable(f"{path}: {sheet.exercise(number).question}"))
        return
    verdict = check.check(number, to_check)
    click.echo(json.dumps(verdict._asdict()) if as_json else f"{'Right. ' if verdict.right else ''}{verdict.text}")
    ctx.exit(0 if verdict.right else 1)
