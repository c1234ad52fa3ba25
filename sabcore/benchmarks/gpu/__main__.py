"""`python -m sabcore.benchmarks.gpu --out DIR`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from sabcore.array.device import resolve
from sabcore.array.files import write_atomically
from sabcore.errors import DeviceError

from ..limits import Limits
from ..workload import lstm_config, sab_config
from . import checks, timing
from .card import describe_card, file_name
from .limits import measure_limits
from .parts import Outcome, Part, run_parts
from .report import markdown
from .training import train_copy

PARTS = "card limits agreement random repeats tests SAB LSTM batches training".split()
#: The lengths at which batch sizes are tried.
BATCHED = {"SAB, T=200": (sab_config(), 200), "LSTM, T=1000": (lstm_config(), 1000)}


@click.command()
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Where results go.")
@click.option("--only", multiple=True, type=click.Choice(PARTS), help="Only this part; repeatable. `card` always runs.")
@click.pass_context
def main(ctx: click.Context, out: Path, only: tuple[str, ...]) -> None:
    """Check and time everything that needs a GPU; a part that fails is reported and the next one runs.

    Exit codes: 0 all is well, 1 a part failed, 2 there is no usable GPU.
    """
    try:
        cupy = resolve("cuda")
    except DeviceError as error:
        click.echo(f"no GPU to run on: {error}", err=True)
        ctx.exit(2)
    out.mkdir(parents=True, exist_ok=True)
    parts = {name: part for name, part in all_parts(cupy, _say).items() if not only or name in (*only, "card")}
    outcomes = run_parts(parts, _say, lambda outcomes: write(out, outcomes))
    click.echo(markdown(outcomes))
    ctx.exit(1 if any(outcome.failure for outcome in outcomes.values()) else 0)


def all_parts(cupy: Any, say: Callable[[str], None]) -> dict[str, Part]:
    """Every part by name. The limits are the card's once they are known; without them the floors are zero."""
    limits = [Limits(float("inf"), float("inf"), float("inf"))]

    def measure() -> dict[str, float]:
        limits[0] = measure_limits(cupy, timing.event_clock(cupy))
        return limits[0]._asdict()

    return {
        "card": lambda: describe_card(cupy),
        "limits": measure,
        "agreement": checks.agreements,
        "random": checks.random_agreements,
        "repeats": checks.repeats,
        "tests": checks.tests,
        "SAB": lambda: timing.run_races(cupy, "SAB", limits[0], say),
        "LSTM": lambda: timing.run_races(cupy, "LSTM", limits[0], say),
        "batches": lambda: {title: timing.batches(cupy, *model) for title, model in BATCHED.items()},
        "training": lambda: train_copy(cupy),
    }


def write(out: Path, outcomes: dict[str, Outcome]) -> None:
    """The results so far, named after the card: JSON, Markdown, and a picture once there is something to draw."""
    found = {name: outcome.found for name, outcome in outcomes.items() if outcome.found}
    card = found.get("card", {}).get("card", "gpu")
    name = file_name(card)
    everything = {name: outcome._asdict() for name, outcome in outcomes.items()}
    write_atomically(out / f"{name}.json", (json.dumps(everything, indent=1) + "\n").encode())
    write_atomically(out / f"{name}.md", markdown(outcomes).encode())
    races = [race for race in found.get("SAB", []) if race["title"] == f"SAB, T={race['T']}"]
    if races or found.get("batches"):
        from .picture import draw

        draw(out / f"{name}.png", races, found.get("batches", {}), f"SAB, B = {timing.B}, H = 128, {card}")


def _say(text: str) -> None:
    click.echo(text, err=True)


if __name__ == "__main__":
    main(prog_name="python -m sabcore.benchmarks.gpu")
