"""All equations on one page: `python -m sabcore.proofs.sheet > docs/equations.md`."""

from __future__ import annotations

from collections.abc import Iterator

from sabcore.proofs.corpus import read_files
from sabcore.proofs.page import Line, Page, read_page

#: Pages in the order in which a step meets them.
ORDER = ("step/lstm", "step/score", "step/recall", "step/sparsify", "step/readout", "engine/plain", "engine/truncation",
         "train/loss", "engine/exponentials", "transformer/layer_norm", "transformer/attention",
         "transformer/feed_forward", "transformer/block", "transformer/network")  # fmt: skip
_HEAD = """# All equations

Forward on the left, its gradient on the right, to be read from bottom to top; the notation is that of
[`sabcore/proofs`](../sabcore/proofs/README.md), where each is derived. Written by `python -m sabcore.proofs.sheet` from
the derivations themselves; do not edit.
"""


def sheet() -> str:
    """The whole page."""
    _, pages = read_files()
    rest = sorted(set(pages) - set(ORDER))
    parts = [part for path in (*ORDER, *rest) if path in pages for part in _section(path, pages[path])]
    return "\n".join([_HEAD, *parts])


def _section(path: str, text: str) -> Iterator[str]:
    """One page's table."""
    title = text.splitlines()[0].removeprefix("# ")
    yield f"## {title}\n\nDerived in [`{path}.md`](../sabcore/proofs/{path}.md).\n"
    yield "| | forward | backward |\n|---|---|---|"
    page = read_page(text)
    for line in page.definitions:
        yield f"| {', '.join(line.tags)} | {_code([line])} | {_code(_backward(page, line))} |"
    yield ""


def _backward(page: Page, line: Line) -> list[Line]:
    """The starred lines of an equation. One that several share stands with the last of them."""
    last = {tag: at for at, each in enumerate(page.definitions) for tag in each.tags}
    return [each for each in page.starred if max(each.tags, key=last.__getitem__) in line.tags]


def _code(lines: list[Line]) -> str:
    return "<br>".join(f"`{line.text}`".replace("|", "\\|") for line in lines)


if __name__ == "__main__":
    print(sheet(), end="")
