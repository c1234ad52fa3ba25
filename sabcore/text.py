"""Text that comes from elsewhere, made fit for one line of a terminal."""

from __future__ import annotations

#: A line quoted from elsewhere is cut to this many characters.
LONGEST = 300


def printable(text: object) -> str:
    """`text` with every character that a terminal would not show, newlines and escape sequences too, spelled out.

    A name from a stranger's file or folder can otherwise colour, erase or forge lines of the output.
    """
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(text))


def one_line(message: object, longest: int = LONGEST) -> str:
    """A message, an error's for instance, as one printable line of at most `longest` characters."""
    line = printable(" ".join(str(message).split()))
    return line if len(line) <= longest else f"{line[: longest - 3]}..."


def error_line(error: BaseException, longest: int = LONGEST) -> str:
    """A foreign error as one printable line: its type, and what it says, if it says anything."""
    said = str(error)
    return one_line(f"{type(error).__name__}: {said}" if said.strip() else type(error).__name__, longest)
