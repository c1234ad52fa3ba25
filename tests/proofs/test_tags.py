"""Docstrings, code and proofs bear the same equation numbers; `proofs/README.md` says how to read them.

A docstring defines `(L.1)` at the end of an equation. A comment `# L.1` marks the line that computes it, `# L.1*` a
line of its backward; several tags on one line belong to it together. A proof defines both, `(L.1)` and `(L.1*)`.
"""

from __future__ import annotations

import ast
import io
import os
import re
import tokenize
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: Fast engines: they may use the numbers of `sabcore/step`, and define none.
FAST = ("engine/cpu", "engine/cuda")
#: Files that may bear other files' numbers in comments.
MAY_BORROW = ("engine/",)

DEFINED = re.compile(r"\(([A-Z]\.\d+)\)")
DEFINED_STARRED = re.compile(r"\(([A-Z]\.\d+\*)\)")
MENTIONED = re.compile(r"\b[A-Z]\.\d+\b\*?")


class Source(NamedTuple):
    """One file's tags: defined in docstrings, with the equation; borne by code, a list per line; by function."""

    equations: list[tuple[str, str]]
    forward: set[str]
    starred: set[str]
    backwards: dict[str, list[list[str]]]


@cache
def read_source(text: str) -> Source:
    """A module's source -> its tags. `backwards` holds the starred tags of each function that has some."""
    tree = ast.parse(text)
    owners = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module)]
    docstrings = "\n".join(ast.get_docstring(node) or "" for node in owners)
    functions = [node for node in owners if isinstance(node, ast.FunctionDef)]
    source = Source(equations(docstrings), set(), set(), {})
    for line, tags in tagged_lines(text):
        starred = [tag[:-1] for tag in tags if tag.endswith("*")]
        source.forward.update(tag for tag in tags if not tag.endswith("*"))
        source.starred.update(starred)
        if starred:
            source.backwards.setdefault(_innermost(functions, line), []).append(starred)
    return source


def _innermost(functions: list[ast.FunctionDef], line: int) -> str:
    around = [node for node in functions if node.lineno <= line <= (node.end_lineno or 0)]
    return max(((node.lineno, f"{node.name} (line {node.lineno})") for node in around), default=(0, "the module"))[1]


def tagged_lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """The line number and the tags of every comment that mentions some."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT and (tags := MENTIONED.findall(token.string)):
            yield token.start[0], tags


@cache
def equations(text: str) -> list[tuple[str, str]]:
    """Every unstarred tag that `text` defines, with what stands before it on its line, spaces evened out."""
    lines = [(line, DEFINED.search(line)) for line in text.splitlines()]
    return [(found[1], " ".join(line[: found.start()].split())) for line, found in lines if found]


def numbering_problems(path: str, source: Source) -> Iterator[str]:
    """The numbers of each letter run 1, 2, 3, ... in the order of the docstrings."""
    for letter in sorted({tag[0] for tag, _ in source.equations}):
        got = [tag for tag, _ in source.equations if tag[0] == letter]
        if got != (want := [f"{letter}.{n}" for n in range(1, len(got) + 1)]):
            yield f"{path}: the docstrings number {', '.join(got)}, but should number {', '.join(want)}"


def order_problems(path: str, source: Source) -> Iterator[str]:
    """Within each function, and for each letter, starred numbers never rise. The tags of one line count together."""
    for function, lines in source.backwards.items():
        run = [tag for line in lines for tag in sorted(line, key=_number, reverse=True)]
        for letter in sorted({tag[0] for tag in run}):
            numbers = [_number(tag) for tag in run if tag[0] == letter]
            if any(after > before for before, after in pairwise(numbers)):
                yield f"{path}: {function} runs {letter} {numbers}, but should run from bottom to top"


def _number(tag: str) -> int:
    return int(tag[2:])


def difference(path: str, where: str, got: set[str], want: set[str]) -> Iterator[str]:
    """One line for what `where` lacks and one for what it has in excess."""
    if want - got:
        yield f"{path}: {where} lacks {', '.join(sorted(want - got))}"
    if got - want:
        yield f"{path}: {where} bears {', '.join(sorted(got - want))}, which its docstrings do not define"


def source_problems(path: str, source: Source, known: set[str]) -> Iterator[str]:
    """What is wrong within one file; `known` are all tags that any file defines."""
    defined = {tag for tag, _ in source.equations}
    borrowed = known - defined if path.startswith(MAY_BORROW) else set()
    yield from numbering_problems(path, source)
    if path.startswith(FAST):
        if defined:
            yield f"{path}: a fast engine defines {', '.join(sorted(defined))}, but should define no equation"
        yield from difference(path, "code", source.forward | source.starred, known & (source.forward | source.starred))
        return
    yield from difference(path, "forward code", source.forward - borrowed, defined)
    yield from difference(path, "backward code", source.starred - borrowed, defined)
    yield from order_problems(path, source)


def proof_problems(path: str, source: Source, proof: str | None) -> Iterator[str]:
    """What is wrong between one file and its proof."""
    if proof is None:
        if source.equations:
            yield f"{path}: defines equations, but has no proof of the same name"
        return
    defined = {tag for tag, _ in source.equations}
    yield from difference(path, "the proof", set(DEFINED.findall(proof)), defined)
    yield from difference(path, "the proof", set(DEFINED_STARRED.findall(proof)), {f"{tag}*" for tag in defined})
    for equation in source.equations:
        if equation not in equations(proof):
            yield f"{path}: the proof does not define {equation[0]} as the docstring does, {equation[1]!r}"


def problems(sources: Mapping[str, str], proofs: Mapping[str, str]) -> list[str]:
    """Texts by path below `sabcore/` and `proofs/`, without suffix -> one line for each broken rule."""
    read = {path: read_source(text) for path, text in sources.items()}
    definitions = [(tag, path) for path, source in read.items() for tag, _ in source.equations]
    known, where = {tag for tag, _ in definitions}, dict(reversed(definitions))
    found = [f"{path}: defines {tag}, as {where[tag]} does" for tag, path in definitions if where[tag] != path]
    for path, source in read.items():
        found += source_problems(path, source, known)
        found += proof_problems(path, source, proofs.get(path))
    for path, proof in proofs.items():
        if path != "README" and path not in sources:
            found.append(f"{path}: a proof of nothing, there is no such source file")
        mentioned = {tag.rstrip("*") for tag in MENTIONED.findall(proof)}
        found += [f"{path}: the proof mentions {tag}, which no file defines" for tag in sorted(mentioned - known)]
    return found


def read_tree(folder: Path, suffix: str) -> dict[str, str]:
    """The text of every file below `folder`, by path without suffix; linked folders are not entered."""
    paths = [Path(parent, name) for parent, _, names in os.walk(folder, followlinks=False) for name in names]
    return {
        path.relative_to(folder).with_suffix("").as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(paths)
        if path.suffix == suffix
    }


#: Where equations are used that the engine does not define: oracles, peers, demonstrations.
OTHERS = ("reference/", "benchmarks/", "demos/", "proofs/")
SOURCES = {path: text for path, text in read_tree(ROOT / "sabcore", ".py").items() if not path.startswith(OTHERS)}
PROOFS = read_tree(ROOT / "sabcore/proofs", ".md")


def test_docstrings_code_and_proofs_agree() -> None:
    assert problems(SOURCES, PROOFS) == []


def test_every_step_defines_equations() -> None:
    silent = [path for path, text in SOURCES.items() if path.startswith("step/") and not read_source(text).equations]
    assert silent == ["step/__init__"]


def test_companions_that_are_links_are_skipped() -> None:
    assert not [path for path in SOURCES if path.startswith(OTHERS)]


TOY = '''
def half(x):
    """x -> y.

    u = 2 x       (X.1)   a remark
    v = u + 1     (X.2)
    y = v^2 / 2   (X.3)
    """
    u = 2 * x  # X.1
    v = u + 1  # X.2; said in passing
    return v**2 / 2, v  # X.3


def half_backward(dy, v):
    """dy -> dx, by X.3 to X.1."""
    dv = dy * v  # X.3*
    return 2 * dv  # X.1*, X.2*
'''
TOY_PROOF = """
```
u = 2 x     (X.1)
v = u + 1   (X.2)
y = v^2 / 2 (X.3)
```
By X.2 and the sum rule, and as in L.1,
```
dv = dy v   (X.3*)
dx = 2 dv   (X.2*) (X.1*)
```
"""
OTHER = '"""z = W x   (L.1)"""\nz = 0  # L.1\ndz = 0  # L.1*\n'
OTHER_PROOF = "z = W x (L.1)\ndz (L.1*)\n"
FAST_TOY = "def kernel(x, dy):\n    v = 2 * x + 1  # X.1, X.2\n    return 2 * dy * v  # X.3*, X.1*\n"


def toy(source: str = TOY, proof: str | None = TOY_PROOF, fast: str = FAST_TOY, other: str = OTHER) -> list[str]:
    proofs = {"step/other": OTHER_PROOF} | ({} if proof is None else {"step/half": proof})
    return problems({"step/half": source, "step/other": other, "engine/cpu/half": fast}, proofs)


def test_the_toy_is_right() -> None:
    assert toy() == []


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("  # X.1\n", "\n", "forward code lacks X.1"),
        ("  # X.3*", "", "backward code lacks X.3"),
        ("  # X.1*, X.2*", "  # X.2*", "backward code lacks X.1"),
        ("v = u + 1     (X.2)", "v = u + 1", "number X.1, X.3, but should number X.1, X.2"),
        ("(X.3)", "(X.4)", "number X.1, X.2, X.4"),
        ("y = v^2 / 2   (X.3)", "y = v^2 / 2   (X.2)", "number X.1, X.2, X.2"),
        ("# X.3\n", "# X.4\n", "forward code bears X.4"),
        ("# X.3*\n    return 2 * dv  # X.1*, X.2*", "# X.1*, X.2*\n    return 2 * dv  # X.3*", "[2, 1, 3]"),
        ("dv = dy * v  # X.3*", "dv = dy * v  # X.3*, X.1*", "[3, 1, 2, 1]"),
        ("# X.2; said", "# L.1, X.2; said", "forward code bears L.1"),
        ("# X.3*", "# X.3*, X.4*", "backward code bears X.4"),
        ("u = 2 x       (X.1)", "u = 3 x       (X.1)", "does not define X.1 as the docstring does, 'u = 3 x'"),
        ("(X.1)", "(L.1)", "defines L.1, as step/half does"),
    ],
)
def test_a_doctored_source_is_rejected(old: str, new: str, complaint: str) -> None:
    assert old in TOY
    assert any(complaint in problem for problem in toy(TOY.replace(old, new)))


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("(X.2)\n", "\n", "the proof lacks X.2"),
        ("(X.3*)", "(X.3)", "the proof lacks X.3*"),
        (" (X.1*)", "", "the proof lacks X.1*"),
        ("(X.3*)", "(X.3*) (X.4*)", "the proof bears X.4*"),
        ("v = u + 1   (X.2)", "v = u - 1   (X.2)", "does not define X.2"),
        ("as in L.1", "as in (L.1)", "the proof bears L.1"),
        ("as in L.1", "as in L.7", "mentions L.7"),
    ],
)
def test_a_doctored_proof_is_rejected(old: str, new: str, complaint: str) -> None:
    assert old in TOY_PROOF
    assert any(complaint in problem for problem in toy(proof=TOY_PROOF.replace(old, new)))


def test_a_missing_and_a_stray_proof_are_rejected() -> None:
    assert toy(proof=None) == ["step/half: defines equations, but has no proof of the same name"]
    assert problems({}, {"step/gone": ""}) == ["step/gone: a proof of nothing, there is no such source file"]


def test_a_fast_engine_may_borrow_but_not_define_or_invent() -> None:
    assert any("should define no equation" in problem for problem in toy(fast='"""w = 1   (Z.1)"""\n'))
    assert any("bears X.9" in problem for problem in toy(fast="w = 1  # X.9\n"))


REAL_TAGS = [(path, tag) for path, text in SOURCES.items() for tag, _ in read_source(text).equations]


def test_there_are_tags_to_check() -> None:
    assert REAL_TAGS


@pytest.mark.parametrize(("path", "tag"), REAL_TAGS)
def test_every_real_tag_is_missed_when_dropped(path: str, tag: str) -> None:
    source, proof = SOURCES[path], PROOFS[path]
    bare = re.escape(tag)
    doctored = [
        (source.replace(f"({tag})", ""), proof),
        (re.sub(rf"(#.*?){bare}(?![\d*])", r"\1", source), proof),
        (re.sub(rf"(#.*?){bare}\*", r"\1", source), proof),
        (source, proof.replace(f"({tag})", "")),
        (source, proof.replace(f"({tag}*)", "")),
    ]
    for text, page in doctored:
        assert (text, page) != (source, proof)
        assert problems({**SOURCES, path: text}, {**PROOFS, path: page}) != problems(SOURCES, PROOFS)
