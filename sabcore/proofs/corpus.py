"""All pages and all sources, read."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from sabcore.proofs.clike import read_cuda
from sabcore.proofs.page import Line, Page, read_page
from sabcore.proofs.source import Source, read_python

#: The engines that are fast instead of readable.
FAST = ("engine/cpu/", "engine/cuda/")
#: Pages without equations.
PROSE = ("README", "theorems")
#: Where equations are used that the engine does not define: oracles, peers, demonstrations.
OTHERS = ("reference/", "benchmarks/", "demos/", "proofs/")


class Corpus(NamedTuple):
    """Everything, read: sources by path below `sabcore/`, pages by path below `proofs/`, no suffixes but `.cu`."""

    sources: Mapping[str, Source]
    pages: Mapping[str, Page]
    texts: Mapping[str, str]  # of the pages


def read_corpus(sources: Mapping[str, str], pages: Mapping[str, str]) -> Corpus:
    read = {path: read_cuda(text) if path.endswith(".cu") else read_python(text) for path, text in sources.items()}
    return Corpus(read, {path: read_page(text) for path, text in pages.items()}, pages)


def read_files() -> tuple[dict[str, str], dict[str, str]]:
    """The texts of this installation: sources, and pages."""
    root = Path(str(files("sabcore")))
    sources = {path: text for path, text in _texts(root, ".py", ".cu").items() if not path.startswith(OTHERS)}
    return sources, {path: text for path, text in _texts(root / "proofs", ".md").items() if path not in PROSE}


def _texts(folder: Path, *suffixes: str) -> dict[str, str]:
    """The text of every file below `folder`, by path without suffix, unless that is `.cu`."""
    found = [path for path in sorted(folder.rglob("*")) if path.suffix in suffixes]
    relative = {path: path.relative_to(folder) for path in found}
    return {
        (at if path.suffix == ".cu" else at.with_suffix("")).as_posix(): path.read_text(encoding="utf-8")
        for path, at in relative.items()
    }


def is_fast(path: str) -> bool:
    return path.startswith(FAST)


def defined(corpus: Corpus) -> dict[str, str]:
    """Every tag that a page defines, and the page."""
    return {tag: path for path, page in corpus.pages.items() for line in page.definitions for tag in line.tags}


def lines_of(corpus: Corpus, tag: str) -> list[Line]:
    """The pages' lines that bear `tag`, which may have a star."""
    starred, name = tag.endswith("*"), tag.rstrip("*")
    page = corpus.pages[defined(corpus)[name]]
    return [line for line in (page.starred if starred else page.definitions) if name in line.tags]
