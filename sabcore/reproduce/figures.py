"""The tables of docs/reproduce.md, written from the recorded results: `python -m sabcore.reproduce.figures`.

The page marks where each stands:

    <!-- table: adding -->
    ... the table ...
    <!-- /table -->

A recording is what `sab reproduce TABLE --json` printed, kept as sabcore/reproduce/results/TABLE.json.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import click

from sabcore.array.files import write_atomically
from sabcore.reproduce.recorded import Result, recorded
from sabcore.reproduce.summary import cell_lines, effort
from sabcore.reproduce.table import Table, read_table

PAGE = Path("docs/reproduce.md")
MARKED = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- /table -->)", re.DOTALL)


def markdown(table: Table, results: Sequence[Result]) -> str:
    """The table for a page: its title, a line a system, and what differs from the publication."""
    lines = [["system", *(column.heading for column in table.columns.values()), "updates, on one core"]]
    lines += [["---", *("---:" for _ in table.columns), "---:"]]
    for row, system in table.rows.items():
        cells = ["<br>".join(cell_lines(table, results, row, column)) for column in table.columns]
        lines.append([system.words, *cells, effort(results, row)])
    body = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"**{table.title}**\n\n{body}\n\nWhat differs: {table.differs}\n"


def expected(root: Path) -> str:
    """The page as the recordings have it."""
    page = (root / PAGE).read_text(encoding="utf-8")
    return MARKED.sub(lambda mark: f"{mark[1]}{markdown(read_table(mark[2]), recorded(mark[2]))}{mark[3]}", page)


@click.command()
@click.option("--root", default=".", show_default=True, type=click.Path(path_type=Path, exists=True, file_okay=False),
              help="The checkout.")  # fmt: skip
def main(root: Path) -> None:
    """Write the tables of docs/reproduce.md from the recorded results."""
    write_atomically(root / PAGE, expected(root).encode())


if __name__ == "__main__":
    main()
