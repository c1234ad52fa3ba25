"""What the seeds of a cell say together: median, least and most, and how many succeed; and the cell in words."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from sabcore.reproduce.recorded import Result
from sabcore.reproduce.table import Table
from sabcore.train.spread import Spread, spread
from sabcore.train.task import TASKS


def summary(table: Table, results: Sequence[Result], row: str, column: str) -> Spread | None:
    """That cell's seeds together; None if there is no result of it."""
    found = [result["found"][column] for result in results if result["row"] == row and column in result["found"]]
    return spread(found, TASKS[table.task["name"]].higher_is_better, table.success) if found else None


def shown(table: Table, value: float | None) -> str:
    """A metric in words: a share as per cent, anything else as a number."""
    if value is None:
        return "not finite"
    return f"{value:.1%}" if TASKS[table.task["name"]].metric == "accuracy" else f"{value:.3g}"


def cell_lines(table: Table, results: Sequence[Result], row: str, column: str) -> list[str]:
    """A cell in words, line by line: the median, its spread, the seeds that succeed, and the published value."""
    system, found = table.rows[row], summary(table, results, row, column)
    if found is None:
        lines = [system.missing or table.missing]
    else:
        lines = [shown(table, found.median)]
        lines += [f"({shown(table, found.least)} to {shown(table, found.most)})"] if found.seeds > 1 else []
        many = f"{found.seeds} seed{'s' * (found.seeds > 1)}"
        lines.append(many if found.succeed is None else f"{found.succeed} of {many}")
    if column in system.published:
        lines.append(f"published: {shown(table, system.published[column])}")
    return lines


def effort(results: Sequence[Result], row: str) -> str:
    """The median of a row's updates and of their seconds on one core; empty without a result."""
    of_row = {(result["seed"], result["digest"]): result for result in results if result["row"] == row}.values()
    if not of_row:
        return ""
    updates, seconds = (statistics.median(result[name] for result in of_row) for name in ("updates", "seconds"))
    return f"{updates:,.0f} in {seconds:,.0f} s"
