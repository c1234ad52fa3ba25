"""`sab prove`: are the derivations right?"""

from __future__ import annotations

import json
from importlib.util import find_spec
from typing import Any

import click


@click.command()
@click.option("--short", is_flag=True, help="Leave out most regions of the sparsifier.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON, for programs.")
@click.pass_context
def prove(ctx: click.Context, short: bool, as_json: bool) -> None:
    """Prove every equation of the derivations, one line each.

    The equations are read from the pages in `sabcore/proofs`. Each starred line is compared with the derivative of what
    it claims to differentiate: for symbols, where the difference must be exactly zero; on fifty digits; and the plain
    engine is compared with the page. Then the theorems' claims are checked. Exit code 1 if anything fails.
    """
    _require("sympy", "mpmath")
    from rich.console import Console

    from sabcore.proofs import prove as proofs
    from sabcore.proofs.theorems import check_all

    with Console(stderr=True).status("proving") as status:
        proved, wrong = proofs.prove(short, lambda page: status.update(f"proving {page}"))
        status.update("checking the theorems")
        theorems = check_all()
    found: list[Any] = [*proved, *theorems]
    passed = not wrong and all(each.passed for each in found)
    if as_json:
        rows = {"equations": proofs.as_json(proved), "theorems": [theorem.as_json() for theorem in theorems]}
        click.echo(json.dumps({"passed": passed, "wrong": wrong, **rows}))
    else:
        for line in (*(each.line() for each in found), *(f"FAILED {line}" for line in wrong)):
            click.echo(line)
        click.echo(_summary(proved, theorems, passed))
    ctx.exit(0 if passed else 1)


def _summary(proved: list[Any], theorems: list[Any], passed: bool) -> str:
    right = sum(each.passed for each in proved), sum(each.passed for each in theorems)
    verdict = "proved" if passed else "NOT all proved"
    return f"{verdict}: {right[0]} of {len(proved)} equations, {right[1]} of {len(theorems)} claims of theorems"


def _require(*modules: str) -> None:
    if missing := [module for module in modules if find_spec(module) is None]:
        raise click.UsageError(f"{' and '.join(missing)} not found; pip install 'sabcore[prove]' brings what is needed")
