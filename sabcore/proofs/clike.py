"""The tagged statements of CUDA C++ sources, by a few patterns: enough to see which names a statement writes.

A comment `// L.4` marks the statement that ends on its line.
"""

from __future__ import annotations

import re
from functools import cache

from sabcore.proofs.source import TAG, Source, Statement

_COMMENT = re.compile(r"//.*|/\*.*?\*/", re.DOTALL)
#: What stands left of `=`, `+=` and the like: its last member, without subscripts.
_WRITTEN = re.compile(r"([A-Za-z_]\w*)\s*(?:\[[^=;]*?\]\s*)*[-+*/]?=(?!=)")
_FUNCTION = re.compile(r"([A-Za-z_]\w*)\s*\([^;{}]*\)\s*(?:const\s*)?\{")
_WORD = re.compile(r"[A-Za-z_]\w*")


@cache
def read_cuda(text: str) -> Source:
    """A `.cu` file's source -> its tags. It defines no equations, and values are not read."""
    statements, starts = [], []
    for line, written in enumerate(text.splitlines(), start=1):
        code, _, comment = written.partition("//")
        starts.append(code)
        if tags := TAG.findall(comment):
            statement = _statement(starts)
            names = dict.fromkeys(_written(statement, _function(starts)))
            statements.append(Statement(line, tuple(tags), "a kernel", names, frozenset(_WORD.findall(statement))))
    return Source([], statements, {})


def _statement(lines: list[str]) -> str:
    """The code of the last line, and of those before it that it continues."""
    taken = [lines[-1]]
    for line in reversed(lines[:-1]):
        if re.search(r"[;{}]\s*$", line) or not line.strip() or "(" not in "".join([line, *taken]):
            break
        taken.insert(0, line)
    return " ".join(taken)


def _function(lines: list[str]) -> str:
    """The name of the function that the last line is in."""
    found = [match for match in _FUNCTION.findall("\n".join(lines)) if match not in ("if", "for", "while", "switch")]
    return found[-1] if found else ""


def _written(statement: str, function: str) -> list[str]:
    """Names assigned or declared; of a call that stands alone, its arguments; of a `return`, all and the function."""
    names = _WRITTEN.findall(statement)
    if "return" in statement:
        names += [function, *_WORD.findall(statement.partition("return")[2])]
    elif not names:
        names += _WORD.findall(statement)
    return [name for name in names if name]
