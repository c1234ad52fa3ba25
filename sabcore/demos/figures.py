"""What README and docs say the copy demo learns, written from the recorded runs: `python -m sabcore.demos.figures`.

A page marks where it stands:

    <!-- learned: copy -->
    ... the table of the recording ...
    <!-- /learned -->

The recording is what this printed, ten runs of a demo at its defaults, without the two LSTMs that learn beside it:

    sab demo copy --sab-alone --seeds 10 --json > sabcore/demos/results/copy.json
"""

from __future__ import annotations

import json
import re
import statistics
from pathlib import Path
from typing import Any

import click

from sabcore.array.files import write_atomically
from sabcore.demos.copy import SOLVED

RECORDING = Path("sabcore/demos/results/copy.json")
PAGES = ("README.md", "docs/reproduce.md")
MARKED = re.compile(r"(<!-- learned: copy -->\n).*?(<!-- /learned -->)", re.DOTALL)


def table(runs: list[dict[str, Any]]) -> str:
    """How many seeds recall 99 % at each length, the median and the least of them, and how long they took."""
    found = [run["models"]["sab"] for run in runs]
    seeds = sorted(run["options"]["seed"] for run in runs)
    lengths = list(found[0]["transfer"])
    columns = [sorted(one["transfer"][length] for one in found) for length in lengths]
    updates = sorted(one["updates"] for one in found)
    again = sum(one["attempt"] > 0 for one in found)
    rows = [
        ["symbols recalled, SAB", *(f"T = {int(length):,}" for length in lengths)],
        ["---", *("---:" for _ in lengths)],
        [f"seeds that recall {SOLVED:.0%}", *(f"{_solved(column)} of {len(column)}" for column in columns)],
        ["median", *(f"{statistics.median(column):.1%}" for column in columns)],
        ["least", *(f"{column[0]:.1%}" for column in columns)],
    ]
    return (
        "\n".join(f"| {' | '.join(row)} |" for row in rows)
        + f"\n\nSeeds {seeds[0]} to {seeds[-1]}; {updates[0]:,} to {updates[-1]:,} updates, and {again} of the "
        + f"{len(found)} began again once or more.\n"
    )


def _solved(column: list[float]) -> int:
    return sum(value >= SOLVED for value in column)


def expected(root: Path) -> dict[Path, str]:
    """The pages as the recording has them."""
    text = table(json.loads((root / RECORDING).read_text(encoding="utf-8")))
    pages = [root / page for page in PAGES]
    return {
        page: MARKED.sub(lambda match: f"{match[1]}{text}{match[2]}", page.read_text(encoding="utf-8"))
        for page in pages
    }


@click.command()
@click.option("--root", default=".", show_default=True, type=click.Path(path_type=Path, exists=True, file_okay=False),
              help="The checkout.")  # fmt: skip
def main(root: Path) -> None:
    """Write what the copy demo learns into README and docs, from the recorded runs."""
    for page, text in expected(root).items():
        write_atomically(page, text.encode())


if __name__ == "__main__":
    main()
