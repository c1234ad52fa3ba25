"""What checking files found, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sabcore.compare.report import as_values, failures, worst
from sabcore.compare.tensors import TensorReport
from sabcore.errors import SABError
from sabcore.text import one_line, printable
from sabcore.vectors.check import check
from sabcore.vectors.cost import refuse_too_much_work
from sabcore.vectors.format import read

#: Exit codes: every tensor of every file passed; one failed; one file could not be read or computed.
PASSED, FAILED, UNREADABLE = 0, 1, 2


@dataclass
class FileReport:
    """One file's outcome: a report per tensor, or the reason why there is none."""

    file: str
    tensors: list[TensorReport] = field(default_factory=list)
    error: str | None = None

    @property
    def status(self) -> int:
        """PASSED, FAILED or UNREADABLE; a file without a compared tensor never passes."""
        if self.error or not self.tensors:
            return UNREADABLE
        return PASSED if all(tensor.passed for tensor in self.tensors) else FAILED


def check_file(path: Path, tolerance: float | None = None, *, limited: bool = True) -> FileReport:
    """Read and check one file; whatever is wrong with it, also too much work if `limited`, ends up in the report."""
    try:
        vector = read(path)
        if limited:
            refuse_too_much_work(vector, "; --no-limit computes it all the same")
        return FileReport(str(path), check(vector, tolerance))
    except SABError as error:
        return FileReport(str(path), error=str(error).removeprefix(f"{path}: "))


def as_json(reports: list[FileReport]) -> dict[str, Any]:
    """The reports as JSON-ready values; NaN and infinities, which JSON lacks, as text."""
    files = []
    for report in reports:
        tensors = [as_values(tensor) for tensor in report.tensors]
        files.append(
            {"file": report.file, "passed": report.status == PASSED, "error": report.error, "tensors": tensors}
        )
    return {"passed": all(file["passed"] for file in files), "files": files}


def as_lines(reports: list[FileReport]) -> Iterator[str]:
    """A line for each file, indented ones for each tensor that failed, and the count."""
    for report in reports:
        yield _file_line(report)
        yield from (f"        {failure}" for failure in failures(report.tensors))
    passed, failed, unreadable = (
        sum(report.status == status for report in reports) for status in (PASSED, FAILED, UNREADABLE)
    )
    yield f"{passed} of {len(reports)} files passed, {failed} failed, {unreadable} could not be checked"


def _file_line(report: FileReport) -> str:
    file = printable(report.file)
    if report.status == UNREADABLE:
        return f"error   {file}: {one_line(report.error)}"
    verdict, nearest = "passed" if report.status == PASSED else "FAILED", worst(report.tensors)
    numbers = f"worst error {nearest.error:.1e} ({nearest.name}), allowed {nearest.allowed:.1e}"
    return f"{verdict}  {file}: {len(report.tensors)} tensors, {numbers}"
