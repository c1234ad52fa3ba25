"""An exercise as a file: some functions or classes of the engine, as they stand there, with one line blank."""

from __future__ import annotations

import ast
import os
import re
import textwrap
from pathlib import Path

from sabcore.errors import FormatError
from sabcore.exercise.catalogue import EXERCISES, Exercise
from sabcore.validate.mistakes.build import source

BLANK = "..."


def exercise(number: int) -> Exercise:
    """The exercise of that number, from 1.

    Raises:
        FormatError: there is none.
    """
    if not 1 <= number <= len(EXERCISES):
        raise FormatError(f"there is no exercise {number}, but there are 1 to {len(EXERCISES)}")
    return EXERCISES[number - 1]


def sheet(number: int) -> str:
    """The text of the file that the reader fills in."""
    one, text = exercise(number), source(exercise(number).file)
    parts = [_blanked(one, part) for part in _definitions(text, one.names)]
    imports = [ast.get_source_segment(text, node) or "" for node in ast.parse(text).body if _is_import(node)]
    head = textwrap.fill(f"Exercise {number}: {one.title}", 100)
    asked = textwrap.fill(one.question, 100)
    check = f"Fill in the line that ends in {BLANK}, then: sab exercise {number} --check FILE"
    return f'"""{head}\n\n{asked}\n\n{check}\n"""\n\n' + "\n".join(imports) + "\n\n\n" + "\n\n\n".join(parts) + "\n"


def write_sheet(number: int, path: Path) -> None:
    """Write the exercise to a new file.

    Raises:
        FormatError: no such exercise, or `path` exists already or cannot be written: nobody's work is overwritten.
    """
    text = sheet(number)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "w", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise FormatError(f"{path} is there already, and is left as it is; --out names another file") from error
    except OSError as error:
        raise FormatError(f"{path} cannot be written: {error.strerror}") from error


def undefined(one: Exercise, text: str) -> list[str]:
    """Which of the exercise's functions and classes the reader's file does not define, if Python can read it at all."""
    try:
        defined = {getattr(node, "name", None) for node in ast.parse(text).body}
    except (SyntaxError, ValueError, RecursionError):
        return []
    return [name for name in one.names if name not in defined]


def still_blank(text: str) -> bool:
    """True if a line of the reader's file is still to be filled in."""
    try:
        nodes = list(ast.walk(ast.parse(text)))
    except (SyntaxError, ValueError, RecursionError):
        return False
    filled = (node.value for node in nodes if isinstance(node, ast.Assign | ast.AugAssign | ast.Return))
    return any(isinstance(value, ast.Constant) and value.value is ... for value in filled)


def _definitions(text: str, names: tuple[str, ...]) -> list[str]:
    nodes = [node for node in ast.parse(text).body if getattr(node, "name", None) in names]
    lines = text.splitlines()
    starts = [min([node.lineno, *(part.lineno for part in getattr(node, "decorator_list", []))]) for node in nodes]
    return ["\n".join(lines[start - 1 : node.end_lineno]) for start, node in zip(starts, nodes, strict=True)]


def _blanked(one: Exercise, part: str) -> str:
    return "\n".join(_blank(line) if line.rstrip().endswith(one.line) else line for line in part.splitlines())


def _blank(line: str) -> str:
    """`name = value  # TAG` with the value gone, or `return value`."""
    code, mark, tag = line.partition("  # ")
    indent = code[: len(code) - len(code.lstrip())]
    assignment = re.search(r" -?= ", code)
    kept = f"{code[: assignment.end()]}{BLANK}" if assignment else f"{indent}return {BLANK}"
    return f"{kept}{mark}{tag}"


def _is_import(node: ast.stmt) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom)
