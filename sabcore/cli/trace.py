"""`sab trace`: where the gradient of one sequence comes from and what it passes through."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from sabcore.cli.fields import preset_option, read_fields, set_option
from sabcore.errors import ConfigError, FormatError
from sabcore.model.config import SABConfig, left_to_caller
from sabcore.text import printable

if TYPE_CHECKING:
    from sabcore.trace.source import Source

SIZES = {"input_size": 10, "hidden_size": 16, "output_size": 10}
#: What random models get that presets leave to the caller.
GIVEN = {"k_top": 3, "k_trunc": 5, "k_back": 2}


@click.command()
@click.argument("source", required=False, type=click.Path(path_type=Path), metavar="[FILE]")
@preset_option("--preset", default="paper", show_default=True, help_text="Of the random model, where no FILE is given.")
@set_option("A config field, as k_trunc=4; a FILE's model keeps its sizes. Repeatable.")
@click.option("-T", "T", default=60, show_default=True, type=click.IntRange(1, 5000),
              help="Steps; of the wait in the copy task.")  # fmt: skip
@click.option("--row", default=0, show_default=True, type=click.IntRange(min=0), help="Which of a vector's sequences.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0), help="Of all random numbers.")
@click.option("--vary", metavar="FIELD=V1,V2,...", help="Compare the rules for each value, as k_trunc=1,5,20,null.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="A folder for pictures, PNG and SVG.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="A page to play with, in one file.")
@click.option("--json", "as_json", is_flag=True, help="Print everything that was found as JSON.")
def trace(
    source: Path | None,
    preset: str,
    assignments: tuple[str, ...],
    T: int,
    row: int,
    seed: int,
    vary: str | None,
    out: Path | None,
    html: Path | None,
    as_json: bool,
) -> None:
    """Take the gradient of one sequence apart, exactly, by the path that it took.

    FILE is a model that a demo or `save_params` wrote, which then copies a sequence, or a test vector; without one a
    random model gets random inputs. Told are: by which edges credit reaches the states, through how many memories it
    went, what each rule (full, SAB, values only, truncated) keeps of the full gradient, and with --out pictures of
    credit against distance, from each loss to each state, and of all reads.
    """
    from sabcore.trace import source as sources

    _refuse_what_has_no_effect(click.get_current_context(), source)
    fields = read_fields(assignments)
    if source is None:
        given = {name: value for name, value in GIVEN.items() if name in ("k_trunc", *left_to_caller(preset))}
        config = SABConfig.preset(preset, **{**SIZES, **given, **fields})
        traced = sources.random_source(config, T, seed)
    else:
        traced = sources.source_of_file(source, T, seed, row).with_fields(fields)
    found = _find(traced, _variants(traced, vary))
    if out is not None:
        _draw(out, traced)
    if html is not None:
        _write_page(html, traced)
    if as_json:
        click.echo(json.dumps(_finite(found)))
        return
    _print(found)
    if out is not None:
        names = (f"{name}.{kind}" for name in ("distance", "map", "graph") for kind in ("png", "svg"))
        click.echo(printable(f"pictures in {out}: {', '.join(names)}"))
    if html is not None:
        click.echo(printable(f"page: {html}"))


def _refuse_what_has_no_effect(ctx: click.Context, source: Path | None) -> None:
    """Options of a random model beside a FILE, or of a file without one.

    Raises:
        UsageError: naming the option.
    """
    given = [name for name in ctx.params if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    if source is None and "row" in given:
        raise click.UsageError("--row chooses a sequence of a test vector, and needs a FILE")
    if source is not None and "preset" in given:
        raise click.UsageError("--preset is of the random model, and has no effect beside a FILE; use --set")


def _variants(traced: Source, vary: str | None) -> dict[str, Source]:
    """The source, and the one for each value of `--vary`, by what is shown of it."""
    if vary is None:
        return {"": traced}
    ((name, values),) = read_fields((vary,)).items()
    parsed = [read_fields((f"{name}={value}",))[name] for value in str(values).split(",")]
    if name not in ("k_top", "k_trunc", "k_att", "k_remind"):
        raise ConfigError(f"--vary {name} should be one of k_top, k_trunc, k_att, k_remind")
    return {f"{name}={value}": traced.with_fields({name: value}) for value in parsed}


def _find(traced: Source, variants: dict[str, Source]) -> dict[str, Any]:
    from sabcore.trace import ByHops, compare_rules, credit

    config, params, x, dy, h0, c0 = traced
    found = credit(config, params, x, dy, h0=h0, c0=c0, labels=ByHops())
    whole = float((found.total.sum(axis=1) ** 2).sum())
    weight = found.total.sum(axis=1) ** 2 / whole if whole else found.total.sum(axis=1)
    edges = {edge: float((share.sum(axis=1) * weight).sum()) for edge, share in found.share.items() if edge != "query"}
    hops = (sum(found.share[edge] for edge in edges) * weight[:, None]).sum(axis=0)
    rules = {
        shown: [rule._asdict() for rule in compare_rules(one.config, one.params, one.x, one.dy, h0=one.h0, c0=one.c0)]
        for shown, one in variants.items()
    }
    return {
        "config": config.to_dict(),
        "T": len(x),
        "edges": edges,
        "memories": dict(zip(found.labels, hops.tolist(), strict=True)),
        "reads": len(found.reads.step),
        "rules": rules,
    }


def _write_page(html: Path, traced: Source) -> None:
    from sabcore.array.files import write_atomically
    from sabcore.trace.page import build_page

    write_atomically(html, build_page(traced).encode())


def _draw(out: Path, traced: Source) -> None:
    from sabcore.trace import BySource, credit, pictures
    from sabcore.trace.rules import rules_of

    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FormatError(f"{out} cannot be made a folder for the pictures: {error.strerror}") from error
    config, params, x, dy, h0, c0 = traced
    labels = BySource.spread(dy)
    found = {
        name: credit(fields, params, x, dy, h0=h0, c0=c0, labels=labels, without=without)
        for name, (fields, without) in rules_of(config).items()
    }
    pictures.draw_distance(out / "distance", {name: pictures.by_distance(one, labels) for name, one in found.items()})
    pictures.draw_map(out / "map", found["SAB"], labels)
    pictures.draw_graph(out / "graph", config, found["SAB"])


def _print(found: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    ways = Table("reaches a state", "share of credit", title="By edge", title_justify="left")
    for edge, share in found["edges"].items():
        ways.add_row(edge, f"{share:.1%}")
    hops = Table("went through", "share of credit", title="By memories", title_justify="left")
    for name, share in found["memories"].items():
        hops.add_row(name, f"{share:.1%}")
    console.print(ways, hops)
    varied = [] if "" in found["rules"] else ["with"]
    table = Table(*varied, "rule", "cosine", "ratio of norms", "bias")
    for shown, rules in found["rules"].items():
        for rule in rules:
            numbers = (f"{rule[column]['all']:.3g}" for column in ("cosine", "ratio", "bias"))
            table.add_row(*([shown] if varied else []), rule["name"], *numbers)
    console.print("Against the full gradient of the same forward pass", table)


def _finite(value: Any) -> Any:
    """JSON has no NaN: a cosine with a zero gradient is null."""
    if isinstance(value, dict):
        return {name: _finite(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
