"""Docstrings, code and pages bear the same equation numbers, where they belong; `proofs/README.md` tells the rules."""

from __future__ import annotations

import re

import pytest

from sabcore.proofs.agree import problems
from sabcore.proofs.corpus import FAST, read_files
from sabcore.proofs.source import read_python
from tests.proofs.planted import planted_pages

SOURCES, PAGES = read_files()


def test_docstrings_code_and_pages_agree() -> None:
    assert problems(SOURCES, PAGES) == []


def test_every_step_defines_equations() -> None:
    silent = [path for path, text in SOURCES.items() if path.startswith("step/") and not read_python(text).equations]
    assert silent == ["step/__init__"]


TOY = '''
def half(x):
    """x -> y, v.

    u = 2 x       (Q.1)   a remark
    v = u + 1     (Q.2)
    y = v^2 / 2   (Q.3)
    """
    u = 2 * x  # Q.1
    v = u + 1  # Q.2; said in passing
    return v**2 / 2, v  # Q.3


def half_backward(dy, v):
    """dy -> dx, by Q.3 to Q.1."""
    dv = dy * v  # Q.3*
    du = dv  # Q.2*
    return 2 * du  # Q.1*
'''
TOY_PAGE = """
```
u = 2 x     (Q.1)
v = u + 1   (Q.2)
y = v^2 / 2 (Q.3)
```
By Q.2 and the sum rule, and as in L.1,
```
dv = dy v   (Q.3*)
du = dv     (Q.2*)
dx = 2 du   (Q.1*)
```
"""
OTHER = '"""z = W x   (L.1)"""\nz = W @ x  # L.1\ndz = z  # L.1*\n'
OTHER_PAGE = "```\nz = W x (L.1)\ndz = z (L.1*)\n```\n"
FAST_TOY = """
def kernel(x, dy, out):
    u = 2 * x  # Q.1
    v = u + 1  # Q.2
    y = v * v / 2  # Q.3
    dv = dy * v  # Q.3*
    du = dv  # Q.2*
    dx = 2 * du  # Q.1*
    z = x  # L.1
    dz = z  # L.1*
"""


def toy(source: str = TOY, page: str | None = TOY_PAGE, fast: str = FAST_TOY, other: str = OTHER) -> list[str]:
    pages = {"step/other": OTHER_PAGE} | ({} if page is None else {"step/half": page})
    return problems({"step/half": source, "step/other": other, "engine/cpu/half": fast}, pages)


def test_the_toy_is_right() -> None:
    assert toy() == []


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("  # Q.1\n", "\n", "no code computes u and bears Q.1"),
        ("  # Q.3*", "", "no code computes dv and bears Q.3*"),
        ("  # Q.1*", "", "no code computes dx and bears Q.1*"),
        ("v = u + 1     (Q.2)", "v = u + 1", "no docstring defines Q.2"),
        ("(Q.3)", "(Q.4)", "the docstring defines Q.4"),
        ("# Q.3\n", "# Q.4\n", "bears Q.4, which no page defines"),
        ("# Q.3\n", "# Q.2\n", "bears Q.2, which computes v, but computes y"),
        ("# Q.2*\n    return 2 * du  # Q.1*", "# Q.1*\n    return 2 * du  # Q.2*", "[3, 1, 2]"),
        ("# Q.2; said", "# L.1, Q.2; said", "bears L.1, which computes z, but computes v"),
        ("u = 2 x       (Q.1)", "u = 3 x       (Q.1)", "defines Q.1 as 'u = 3 x'"),
        ("dy * v  # Q.3*", "dy + v  # Q.3*", "computes dv as dy + v, but Q.3* says dv = dy v"),
        ("2 * x  # Q.1", "3 * x  # Q.1", "computes u as 3 * x, but Q.1 says u = 2 x"),
        ("v**2 / 2, v  # Q.3", "v**3 / 2, v  # Q.3", "Q.3 says y = v^2 / 2"),
        ("    u = 2 * x  # Q.1\n", "    # Q.1\n    u = 2 * x\n", "bears Q.1, which computes u, but computes nothing"),
    ],
)
def test_a_doctored_source_is_rejected(old: str, new: str, complaint: str) -> None:
    assert old in TOY
    assert any(complaint in problem for problem in toy(TOY.replace(old, new)))


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("(Q.2)\n", "\n", "bears no number"),
        ("(Q.3*)", "(Q.3)", "the page lacks Q.3*"),
        ("(Q.3*)", "(Q.3*) (Q.4*)", "the page bears Q.4*"),
        ("v = u + 1   (Q.2)", "v = u - 1   (Q.2)", "defines Q.2 as 'v = u + 1', but its page does not"),
        ("dv = dy v ", "dv = dy u ", "computes dv as dy * v, but Q.3* says dv = dy u"),
        ("u = 2 x     (Q.1)", "u = 2 x     (L.1)", "defines L, as"),
        ("v = u + 1   (Q.2)", "v = u + 1   (Q.4)", "numbers Q.1, Q.4, Q.3, but should number"),
        ("dv = dy v ", "dv = dy v, dw = dy ", "no code computes dw and bears Q.3*"),
        ("dv = dy v ", "dv = dy ? v ", "'?', which the notation does not know"),
        ("as in L.1", "as in L.7", "mentions L.7"),
    ],
)
def test_a_doctored_page_is_rejected(old: str, new: str, complaint: str) -> None:
    assert old in TOY_PAGE
    assert any(complaint in problem for problem in toy(page=TOY_PAGE.replace(old, new)))


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("  # Q.2\n", "\n", "bears nowhere Q.2"),
        ("  # Q.2*\n", "\n", "bears nowhere Q.2*"),
        (
            "# Q.2\n    y = v * v / 2  # Q.3",
            "# Q.3\n    y = v * v / 2  # Q.2",
            "bears Q.3, which computes y, but writes v",
        ),
        ("# Q.2\n", "# Q.2, Q.9\n", "bears Q.9, which no page defines"),
        ("def kernel(x, dy, out):", 'def kernel(x, dy, out):\n    """w = 1   (Z.1)"""', "the docstring defines Z.1"),
    ],
)
def test_a_doctored_fast_engine_is_rejected(old: str, new: str, complaint: str) -> None:
    assert old in FAST_TOY
    assert any(complaint in problem for problem in toy(fast=FAST_TOY.replace(old, new)))


def test_a_missing_and_a_stray_page_are_rejected() -> None:
    assert any("the docstring defines Q.1" in problem for problem in toy(page=None))
    assert problems({}, {"step/gone": ""}) == ["step/gone: a page of nothing, there is no such source file"]


def test_a_fast_engine_may_define_equations_on_a_page_of_its_own() -> None:
    page = "```\nf = 2 x   (Z.1)\ndx = 2 df   (Z.1*)\n```\n"
    fast = FAST_TOY.replace("out):", 'out):\n    """x -> f.\n\n    f = 2 x   (Z.1)\n    """\n    f = 2 * x  # Z.1')
    sources = {"step/half": TOY, "step/other": OTHER, "engine/cpu/half": fast + "    dx = 2 * df  # Z.1*\n"}
    pages = {"step/half": TOY_PAGE, "step/other": OTHER_PAGE, "engine/fast": page}
    assert problems(sources, pages) == []
    unused = sources | {"engine/cpu/half": fast}
    assert problems(unused, pages) == ["engine/fast: no code computes what it defines and bears Z.1*"]


def doctored(path: str, old: str, new: str) -> list[str]:
    text = SOURCES[path]
    assert text.count(old) == 1, f"{path} has {old!r} {text.count(old)} times"
    return problems({**SOURCES, path: text.replace(old, new)}, PAGES)


@pytest.mark.parametrize("engine", FAST)
def test_a_fast_engine_without_numbers_is_rejected(engine: str) -> None:
    stripped = {
        path: re.sub(r"(#|//) *[A-Z]\.\d.*", "", text) if path.startswith(engine) else text
        for path, text in SOURCES.items()
    }
    assert stripped != SOURCES
    assert any(f"{engine}: bears nowhere" in problem for problem in problems(stripped, PAGES))


def test_swapped_numbers_in_a_forward_pass_are_rejected() -> None:
    swapped = "g = xp.tanh(z_g)  # L.4\n    c_new = f * c + i * g  # L.3\n"
    found = doctored("step/lstm", "g = xp.tanh(z_g)  # L.3\n    c_new = f * c + i * g  # L.4\n", swapped)
    assert any("bears L.4, which computes c_new, but computes g" in problem for problem in found)


@pytest.mark.parametrize("path", ["engine/cpu/lstm", "engine/cuda/lstm.cu"])
def test_swapped_numbers_in_a_fast_engine_are_rejected(path: str) -> None:
    swapped = re.sub(r"L\.([34])$", lambda found: f"L.{7 - int(found[1])}", SOURCES[path], flags=re.MULTILINE)
    assert swapped != SOURCES[path]
    found = problems({**SOURCES, path: swapped}, PAGES)
    assert any("bears L.4, which computes c_new, but writes" in problem for problem in found)
    assert any("bears L.3, which computes g, but writes" in problem for problem in found)


def test_a_number_that_leaves_the_line_of_dk_and_dq_is_missed() -> None:
    line = 'xp.einsum("lrb,rba->lba", da, slope), {"w_a": dw_a}'
    found = doctored("step/score", f"{line}  # A.3*", line)
    assert any("no code computes dk and bears A.3*" in problem for problem in found)
    assert any("no code computes dq and bears A.3*" in problem for problem in found)


#: The loop's lines, and levels, are not compared but run: by `sab prove`.
COMPARED = [
    pytest.param(path, page, id=f"{path}: {wrong}")
    for path in PAGES
    if path in SOURCES and path != "engine/plain"
    for wrong, page in planted_pages(PAGES[path])
    if "[r + 1]" not in wrong
]


@pytest.mark.parametrize(("path", "page"), COMPARED)
def test_a_wrong_starred_formula_on_a_page_is_rejected(path: str, page: str) -> None:
    assert problems(SOURCES, {**PAGES, path: page}) != []


REAL_TAGS = [(path, tag) for path in PAGES if path in SOURCES for tag, _ in read_python(SOURCES[path]).equations]


def test_there_are_tags_to_check() -> None:
    assert len(REAL_TAGS) > 30


@pytest.mark.parametrize(("path", "tag"), REAL_TAGS)
def test_every_real_tag_is_missed_when_dropped(path: str, tag: str) -> None:
    source, page = SOURCES[path], PAGES[path]
    bare = re.escape(tag)
    variants = [
        (source.replace(f"({tag})", ""), page),
        (re.sub(rf"(#.*?){bare}(?![\d*])", r"\1", source), page),
        (re.sub(rf"(#.*?){bare}\*", r"\1", source), page),
        (source, page.replace(f"({tag})", "")),
        (source, page.replace(f"({tag}*)", "")),
    ]
    for text, changed in variants:
        assert (text, changed) != (source, page)
        assert problems({**SOURCES, path: text}, {**PAGES, path: changed}) != []
