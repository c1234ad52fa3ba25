"""`python -m sabcore.benchmarks.gpu --out DIR`."""

from __future__ import annotations

import json
import os
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
from .card import card_state, describe_card, file_name
from .inside import insides
from .limits import measure_limits
from .parts import Outcome, Part, run_parts
from .report import markdown
from .sanitize import sanitize
from .training import train_copy

#: In the order of their worth: what is timed comes before what compiles many kernels, and a run may be cut off.
PARTS = "card before inside SAB LSTM repeats limits batches agreement training tests sanitizer random after".split()
#: What a run of two minutes has time for.
QUICK = "card before inside SAB LSTM repeats after".split()
#: The lengths at which batch sizes are tried.
BATCHED = {"SAB, T=200": (sab_config(), 200), "LSTM, T=1000": (lstm_config(), 1000)}


@click.command()
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Where results go.")
@click.option("--only", multiple=True, type=click.Choice(PARTS), help="Only this part; repeatable. `card` always runs.")
@click.option("--quick", is_flag=True, help="The most important parts, at the two shorter lengths.")
@click.option("--caches", type=click.Path(path_type=Path, file_okay=False), help="Where compiled code is kept.")
@click.pass_context
def main(ctx: click.Context, out: Path, only: tuple[str, ...], quick: bool, caches: Path | None) -> None:
    """Check and time everything that needs a GPU; a part that fails is reported and the next one runs.

    Compiled code can be kept for another run, on another machine of the same kind, in the folder given by --caches.

    Exit codes: 0 all is well, 1 a part failed, 2 there is no usable GPU.
    """
    if caches:
        keep_caches(caches)
    try:
        cupy = resolve("cuda")
    except DeviceError as error:
        click.echo(f"no GPU to run on: {error}", err=True)
        ctx.exit(2)
    out.mkdir(parents=True, exist_ok=True)
    chosen = (*only, "card") if only else QUICK if quick else PARTS
    parts = {name: part for name, part in all_parts(cupy, _say, quick).items() if name in chosen}
    outcomes = run_parts(parts, _say, lambda outcomes: write(out, outcomes))
    click.echo(markdown(outcomes))
    ctx.exit(1 if any(outcome.failure for outcome in outcomes.values()) else 0)


def keep_caches(folder: Path) -> None:
    """Let CuPy, PyTorch's compiler and Triton keep what they compile below `folder`."""
    for name in ("CUPY_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR"):
        os.environ[name] = str((folder / name.partition("_")[0].lower()).absolute())


def all_parts(cupy: Any, say: Callable[[str], None], quick: bool = False) -> dict[str, Part]:
    """Every part by name. The limits are the card's once they are known; without them the floors are zero."""
    limits = [Limits(float("inf"), float("inf"), float("inf"))]

    def measure() -> dict[str, float]:
        limits[0] = measure_limits(cupy, timing.event_clock(cupy))
        return limits[0]._asdict()

    parts: dict[str, Part] = {
        "card": lambda: describe_card(cupy),
        "before": card_state,
        "inside": lambda: insides(cupy),
        "limits": measure,
        "agreement": checks.agreements,
        "random": checks.random_agreements,
        "repeats": checks.repeats,
        "tests": checks.tests,
        "sanitizer": sanitize,
        "SAB": lambda: timing.run_races(cupy, "SAB", limits[0], say, quick),
        "LSTM": lambda: timing.run_races(cupy, "LSTM", limits[0], say, quick),
        "batches": lambda: {title: timing.batches(cupy, *model) for title, model in BATCHED.items()},
        "training": lambda: train_copy(cupy),
        "after": card_state,
    }
    return {name: parts[name] for name in PARTS}


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
