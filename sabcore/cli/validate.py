"""`sab validate`: what does somebody's program compute?"""

from __future__ import annotations

import json
from pathlib import Path

import click

from sabcore.cli.fields import preset_option


@click.command()
@click.argument("target")
@preset_option("--claim", help_text="What it claims to be; otherwise all are asked for.")
@click.option("--set", "settings", multiple=True, metavar="FIELD=VALUE", help="A field of the claim; repeatable.")
@click.option("--exempt", "exemptions", multiple=True, metavar="TENSOR=REASON", help="May be wrong, and why.")
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as one JSON object.")
@click.option("--junit", type=click.Path(path_type=Path), help="Write the verdict as JUnit XML to this file.")
@click.option("--minimal", type=click.Path(path_type=Path), help="Write a script that shows the difference.")
@click.option("--time-limit", default=10.0, show_default=True, type=click.FloatRange(min=0, min_open=True),
              help="Seconds for one answer.")  # fmt: skip
@click.pass_context
def validate(
    ctx: click.Context,
    target: str,
    claim: str | None,
    settings: tuple[str, ...],
    exemptions: tuple[str, ...],
    as_json: bool,
    junit: Path | None,
    minimal: Path | None,
    time_limit: float,
) -> None:
    """Find out which semantics TARGET, module:callable or path.py:callable, computes.

    It is called as implementation(config, params, x, dy) and returns y and gradients; docs/validate.md has the
    contract. It runs in a process of its own. Exit code 0 if it computes what it is asked for, 1 if not, 2 if it
    cannot be run.
    """
    from sabcore.array.files import write_atomically
    from sabcore.text import printable
    from sabcore.validate import minimal as smallest
    from sabcore.validate.claim import parse, parse_exemptions
    from sabcore.validate.junit import as_xml
    from sabcore.validate.process import TargetProcess
    from sabcore.validate.report import lines
    from sabcore.validate.schema import as_json as values
    from sabcore.validate.verdict import validate as find_out

    program = TargetProcess(target, time_limit)
    try:
        exempt = parse_exemptions(exemptions)
        verdict = find_out(program, target, claim, parse(settings), exempt, lambda line: click.echo(line, err=True))
        if junit is not None:
            write_atomically(junit, as_xml(verdict).encode())
        if minimal is not None and verdict.judgement is not None:
            judgement = verdict.judgement
            T, B = judgement.asked
            write_atomically(minimal, smallest.script(program, target, judgement.claim, T, B).encode())
    finally:
        program.close()
    if as_json:
        click.echo(json.dumps(values(verdict)))
    else:
        for line in lines(verdict):
            click.echo(printable(line))
    ctx.exit(verdict.exit)
