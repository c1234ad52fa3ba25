"""`sab vectors`: check files against this engine, show what is in one, make new ones."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import numpy as np
from click.core import ParameterSource
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sabcore.cli.fields import preset_option, read_fields, set_option
from sabcore.errors import FormatError
from sabcore.model.config import SABConfig, left_to_caller
from sabcore.text import printable
from sabcore.vectors.catalogue import CATALOGUE, SIZES, Case, seed_of
from sabcore.vectors.check import CONFORMANCE_FOLDER, SHIPPED, find
from sabcore.vectors.conformance import CONFORMANCE, Conformance
from sabcore.vectors.format import read, write
from sabcore.vectors.make import draw, expect
from sabcore.vectors.model import write_config
from sabcore.vectors.report import as_json, as_lines, check_file

SETS: dict[str, Mapping[str, Case | Conformance]] = {"shipped": CATALOGUE, "conformance": CONFORMANCE}
FOLDERS = {"shipped": SHIPPED, "conformance": CONFORMANCE_FOLDER}


@click.group("vectors")
def vectors() -> None:
    """Test vectors: check this engine against files, and make such files."""


@vectors.command("check")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE]...")
@click.option("--json", "json_wanted", is_flag=True, help="Print one JSON object instead of text.")
@click.option(
    "--tolerance", type=click.FloatRange(min=0, min_open=True), help="The scaled error allowed in any tensor."
)
@click.option("--no-limit", is_flag=True, help="Compute files, too, that ask for more than 10 s of work.")
@click.pass_context
def check_command(
    context: click.Context, paths: tuple[Path, ...], json_wanted: bool, tolerance: float | None, no_limit: bool
) -> None:
    """Recompute all that each FILE holds and compare it tensor by tensor.

    FILE may be a folder, which stands for the .safetensors files in it; with none, the shipped set is checked. Every
    file gets its line. The exit code is 0 if every tensor passed, 1 if one failed, 2 if a file could not be checked.
    """
    reports = [check_file(path, tolerance, limited=not no_limit) for path in find(list(paths))]
    if json_wanted:
        click.echo(json.dumps(as_json(reports), indent=2, allow_nan=False))
    else:
        click.echo("\n".join(as_lines(reports)))
    context.exit(max(report.status for report in reports))


@vectors.command("show")
@click.argument("path", type=click.Path(path_type=Path), metavar="FILE")
@click.option("--json", "json_wanted", is_flag=True, help="Print one JSON object instead of a table.")
def show_command(path: Path, json_wanted: bool) -> None:
    """Print the config in FILE, and the dtype, shape and range of each tensor."""
    vector = read(path)
    config = json.loads(write_config(vector.config))
    rows = [_describe(name, value) for name, value in vector.tensors().items()]
    if json_wanted:
        click.echo(json.dumps({"file": str(path), "config": config, "tensors": rows}, indent=2))
        return
    click.echo(f"{printable(path)}\n" + "\n".join(f"  {name} = {json.dumps(value)}" for name, value in config.items()))
    table = Table(*rows[0])
    for row in rows:
        table.add_row(*(Text(f"{cell:.3g}" if isinstance(cell, float) else str(cell)) for cell in row.values()))
    Console().print(table)


def _describe(name: str, value: np.ndarray) -> dict[str, Any]:
    ends = {"least": float(value.min()), "largest": float(value.max())}
    return {"tensor": name, "dtype": str(value.dtype), "shape": list(value.shape), **ends}


@vectors.command("make")
@preset_option("--preset", default="paper", show_default=True, help_text="The model.")
@set_option()
@click.option("-T", "--steps", "T", type=click.IntRange(min=1), default=11, show_default=True, help="Steps.")
@click.option("-B", "--batch", "B", type=click.IntRange(min=1), default=2, show_default=True, help="Sequences.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--shipped", "whole_set", flag_value="shipped", default=None,
              help="Make the shipped set again; --out is a folder, no other option applies.")  # fmt: skip
@click.option("--conformance", "whole_set", flag_value="conformance", help="The same for the conformance set.")
@click.option("--forward-only", is_flag=True, help="Leave the gradients out.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The file to write, or the folder.")
@click.pass_context
def make_command(
    context: click.Context,
    preset: str,
    assignments: tuple[str, ...],
    whole_set: str | None,
    forward_only: bool,
    out: Path,
    T: int,
    B: int,
    seed: int,
) -> None:
    """Draw a model and its inputs, and write what two independent oracles agree must come out.

    The oracles are PyTorch's autograd (pip install 'sabcore[torch]') and the complex step; the engine has no say.
    Sizes and k_top have defaults; --set, given once for each field, replaces them.
    """
    if whole_set is None:
        vector, agreement = expect(draw(_config(preset, assignments), T=T, B=B, seed=seed))
        write(out, vector.forward_only() if forward_only else vector)
        click.echo(f"{printable(out)}: {agreement}")
        return
    given = [name for name in context.params if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    if foreign := sorted(set(given) - {"whole_set", "out"}):
        raise click.UsageError(
            f"--{whole_set} makes a fixed set and takes only --out, but got {', '.join(foreign)} too"
        )
    _make_set(SETS[whole_set], out)


def _make_set(cases: Mapping[str, Case | Conformance], folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FormatError(f"{folder} cannot be made: {error.strerror or error}") from error
    for name, case in cases.items():
        vector, agreement = expect(case.draw(seed_of(name)))
        write(folder / f"{name}.safetensors", vector, case.notes)
        click.echo(f"{name}: {agreement}; catches: {case.notes['catches']}")


@vectors.command("list")
@click.option("--shipped", is_flag=True, help="The larger set, which leaves no option of the model out.")
@click.option("--json", "json_wanted", is_flag=True, help="Print one JSON object instead of text.")
def list_command(shipped: bool, json_wanted: bool) -> None:
    """Print the conformance set, which a port can be held to: each file, what it catches, and where it is."""
    name = "shipped" if shipped else "conformance"
    rows = [
        {"file": str(FOLDERS[name] / f"{case}.safetensors"), "preset": one.preset, **one.notes}
        for case, one in SETS[name].items()
    ]
    if json_wanted:
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        click.echo(f"{printable(row['file'])}\n    {row['catches']}")


def _config(preset: str, assignments: tuple[str, ...]) -> SABConfig:
    fields = {**SIZES, **dict.fromkeys(left_to_caller(preset), 2), **read_fields(assignments)}
    return SABConfig.preset(preset, **fields)
