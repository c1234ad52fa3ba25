"""`sab check`: is this engine, on this machine, right?"""

from __future__ import annotations

import json
from typing import Any

import click

from sabcore.array.device import DEVICES
from sabcore.array.library import DTYPES
from sabcore.cli.fields import preset_option
from sabcore.compare.report import as_values, worst
from sabcore.compare.tensors import TensorReport
from sabcore.engine import ENGINES
from sabcore.model.config import PRESETS


@click.command()
@preset_option("--preset", "presets", multiple=True, help_text="Only this one; repeatable.")
@click.option("--device", default="cpu", show_default=True, type=click.Choice(DEVICES), help="Where the engine runs.")
@click.option("--engine", default="auto", show_default=True, type=click.Choice(["auto", *ENGINES]),
              help="Which engine.")  # fmt: skip
@click.option("--dtype", default="float64", show_default=True, type=click.Choice(DTYPES), help="What it computes in.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0), help="Of all random numbers.")
@click.option("--json", "as_json", is_flag=True, help="Print every finding as JSON, for programs.")
@click.pass_context
def check(
    ctx: click.Context, presets: tuple[str, ...], device: str, engine: str, dtype: str, seed: int, as_json: bool
) -> None:
    """Check the engine's outputs and gradients against independent oracles.

    Every preset runs with full, segment and sliding truncation against a complex step and central differences of the
    truncated function, and against PyTorch's autograd where PyTorch is installed. Errors are scaled by each tensor's
    largest value. Exit code 1 if any is larger than allowed.
    """
    from rich.progress import track

    from sabcore.array.device import resolve
    from sabcore.validate.check import Finding, check_preset, oracles

    xp, names = resolve(device), presets or tuple(PRESETS)
    findings: list[Finding] = []
    for preset in track(names, description="checking", transient=True, console=_stderr(), disable=as_json):
        findings += check_preset(preset, seed, dtype, xp, engine)
    summary = {
        "passed": all(finding.report.passed for finding in findings),
        "device": "cpu" if xp.__name__ == "numpy" else "cuda",
        "engine": engine,
        "dtype": dtype,
        "seed": seed,
        "worst": {oracle: _largest_error(findings, oracle) for oracle in oracles()},
        "not_run": [] if "autograd" in oracles() else ["autograd: PyTorch is not installed"],
    }
    _print_json(summary, findings) if as_json else _print_tables(summary, findings)
    ctx.exit(0 if summary["passed"] else 1)


def _largest_error(findings: list[Any], oracle: str) -> Any:
    """The largest error against an oracle, JSON-ready."""
    reports = [finding.report for finding in findings if finding.oracle == oracle]
    return as_values(max(reports, key=lambda report: report.error))["error"]


def _stderr() -> Any:
    from rich.console import Console

    return Console(stderr=True)


def _print_json(summary: dict[str, Any], findings: list[Any]) -> None:
    click.echo(json.dumps(summary | {"findings": [finding.as_values() for finding in findings]}))


def _print_tables(summary: dict[str, Any], findings: list[Any]) -> None:
    """One table a preset: each tensor's largest error over the truncations, against each oracle, and its verdict."""
    from rich.console import Console
    from rich.table import Table

    console, names = Console(), list(summary["worst"])
    for preset in dict.fromkeys(finding.preset for finding in findings):
        table = Table("tensor", title=f"{preset}: largest error / allowed", title_justify="left")
        for name in names:
            table.add_column(name, justify="right")
        table.add_column("verdict")
        mine = [finding for finding in findings if finding.preset == preset]
        for tensor in dict.fromkeys(finding.report.name for finding in mine):
            rows = [finding for finding in mine if finding.report.name == tensor]
            cells = [_cell([row.report for row in rows if row.oracle == name]) for name in names]
            verdict = "[green]ok[/]" if all(row.report.passed for row in rows) else "[red]FAILED[/]"
            table.add_row(tensor, *cells, verdict)
        console.print(table)
    for line in summary["not_run"]:
        console.print(f"[yellow]not run[/] {line}")
    failed = [finding for finding in findings if not finding.report.passed]
    for finding in failed:
        console.print(str(finding), markup=False, highlight=False, soft_wrap=True)
    console.print(f"{len(findings)} comparisons, {len(failed)} failed")


def _cell(reports: list[TensorReport]) -> str:
    """The tensor's report nearest to failing, or failing most; a tensor an oracle does not give has none."""
    return f"{worst(reports).error:.1e} / {worst(reports).allowed:.0e}" if reports else "-"
