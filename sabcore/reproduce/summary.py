"""What the seeds of a cell say together: median, least and most, and how many succeed; and the cell in words."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sabcore.reproduce.recorded import Result
from sabcore.reproduce.table import Table
from sabcore.train.task import TASKS


@dataclass(frozen=True)
class Summary:
    """The metric of every seed, None where it was not finite, and whether each succeeds."""

    values: tuple[float | None, ...]
    succeed: int | None

    @property
    def known(self) -> list[float]:
        """The finite ones, least first."""
        return sorted(value for value in self.values if value is not None)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; without a finite value all but the counts are None."""
        known = self.known
        median, least, most = (statistics.median(known), known[0], known[-1]) if known else (None, None, None)
        return {"seeds": len(self.values), "median": median, "least": least, "most": most, "succeed": self.succeed}


def summary(table: Table, results: Sequence[Result], row: str, column: str) -> Summary | None:
    """That cell's seeds together; None if there is no result of it."""
    found = [result["found"][column] for result in results if result["row"] == row and column in result["found"]]
    if not found:
        return None
    succeed = None if table.success is None else sum(succeeds(table, value) for value in found)
    return Summary(tuple(found), succeed)


def succeeds(table: Table, value: float | None) -> bool:
    """True of a metric as good as the table asks for; not of one that was not finite."""
    if value is None or table.success is None:
        return False
    better = TASKS[table.task["name"]].higher_is_better
    return value >= table.success if better else value <= table.success


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
        numbers, many = found.to_dict(), len(found.values) > 1
        lines = [shown(table, numbers["median"])]
        lines += [f"({shown(table, numbers['least'])} to {shown(table, numbers['most'])})"] if many else []
        lines += [f"{found.succeed} of {len(found.values)} seeds"] if found.succeed is not None else []
        lines += [f"{len(found.values)} seed{'s' * many}"] if found.succeed is None else []
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
