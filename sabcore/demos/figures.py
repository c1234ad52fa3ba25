"""What README and docs say the copy demo learns, written from the recorded runs: `python -m sabcore.demos.figures`.

A page marks where it stands:

    <!-- learned: copy -->
    ... the table of the recording ...
    <!-- /learned -->

The recording is what this printed, ten runs of a demo at its defaults, without the two LSTMs that learn beside it:

    sab demo copy --sab-alone --seeds 10 --json > sabcore/demos/results/copy.json

Between <!-- reads: copy --> and <!-- /reads --> stands what such models read; see `sabcore.demos.copy_reads`.
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
from sabcore.demos.copy_reads import PLACES

RECORDING = Path("sabcore/demos/results/copy.json")
READS = Path("sabcore/demos/results/copy_reads.json")
PAGES = ("README.md", "docs/reproduce.md")
MARKED = re.compile(r"(<!-- learned: copy -->\n).*?(<!-- /learned -->)", re.DOTALL)
MARKED_READS = re.compile(r"(<!-- reads: copy -->\n).*?(<!-- /reads -->)", re.DOTALL)


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


def reads_table(runs: list[dict[str, Any]]) -> str:
    """Over all seeds, how many answers are right and wrong after each wait, and how their weight is shared out."""
    heads = ["T", "answers", "", *("the symbol due", "other symbols", "blanks", "the recall itself")]
    rows = [heads, ["---:", "---:", "---", *("---:" for _ in PLACES)]]
    for waits in zip(*(run["waits"] for run in runs), strict=True):
        for kind in ("right", "wrong"):
            parts = [wait[kind] for wait in waits if wait[kind]["answers"]]
            count = sum(part["answers"] for part in parts)
            means = [sum(part["answers"] * part[place] for part in parts) / count for place in PLACES] if count else []
            rows.append([f"{waits[0]['T']:,}", f"{count:,}", kind, *(f"{mean:.1%}" for mean in means)])
            rows[-1] += [""] * (len(heads) - len(rows[-1]))
    lines = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return (
        f"{lines}\n\nOf each run, the hidden value that moves most since the end of the trained wait: {_moves(runs)}.\n"
    )


def _moves(runs: list[dict[str, Any]]) -> str:
    """How far hidden values have moved by the end of each wait but the trained one, over the runs."""
    said = []
    for waits in list(zip(*(run["waits"] for run in runs), strict=True))[1:]:
        moves = sorted(wait["moved"] for wait in waits)
        said.append(f"by {moves[0]:.2f} to {moves[-1]:.2f} at T = {waits[0]['T']:,}")
    return ", ".join(said)


def expected(root: Path) -> dict[Path, str]:
    """The pages as the recordings have them."""
    learned = table(json.loads((root / RECORDING).read_text(encoding="utf-8")))
    read = reads_table(json.loads((root / READS).read_text(encoding="utf-8"))["runs"])
    found = {}
    for page in (root / page for page in PAGES):
        text = MARKED.sub(lambda mark: f"{mark[1]}{learned}{mark[2]}", page.read_text(encoding="utf-8"))
        found[page] = MARKED_READS.sub(lambda mark: f"{mark[1]}{read}{mark[2]}", text)
    return found


@click.command()
@click.option("--root", default=".", show_default=True, type=click.Path(path_type=Path, exists=True, file_okay=False),
              help="The checkout.")  # fmt: skip
def main(root: Path) -> None:
    """Write what the copy demo learns into README and docs, from the recorded runs."""
    for page, text in expected(root).items():
        write_atomically(page, text.encode())


if __name__ == "__main__":
    main()
