"""A mistake as lines: where it stands, ours beside theirs, and with which equation."""

from __future__ import annotations

import pytest

import sabcore
from sabcore.validate.mistakes import MISTAKES
from sabcore.validate.mistakes.build import ROOT
from sabcore.validate.mistakes.lines import changed_lines
from sabcore.validate.mistakes.record import Change, Mistake

IN_LINES = [mistake for mistake in MISTAKES if mistake.changes]


def bare(text: str) -> list[str]:
    """The lines without what stands around the code."""
    return [line.partition("  # ")[0].strip() for line in text.split("\n")]


@pytest.mark.parametrize("mistake", IN_LINES, ids=lambda mistake: mistake.name)
def test_theirs_in_the_place_of_ours_is_the_changed_file(mistake):
    """Each place by itself: the file's lines with theirs, from the number on, are those of the text that is run."""
    for change, place in zip(mistake.changes, changed_lines(mistake), strict=True):
        text = (ROOT / change.file).read_text(encoding="utf-8")
        ours, start = bare(text), place.number - 1
        assert place.file == change.file
        assert tuple(ours[start : start + len(place.ours)]) == place.ours
        ours[start : start + len(place.ours)] = place.theirs
        assert [line for line in ours if line] == [line for line in bare(text.replace(change.old, change.new)) if line]


@pytest.mark.parametrize("mistake", IN_LINES, ids=lambda mistake: mistake.name)
def test_lines_begin_where_they_differ(mistake):
    """An only line is shown all the same: what follows it is then new, or gone."""
    for place in changed_lines(mistake):
        assert place.ours != place.theirs
        assert min(len(place.ours), len(place.theirs)) < 2 or place.ours[0] != place.theirs[0]


def one(old: str, new: str, file: str = "step/lstm.py", tag: str = "") -> Mistake:
    return Mistake("", "", "backward", (Change(file, old, new),), tag=tag)


def test_a_line_is_shown_without_its_comment_and_with_its_tag():
    (place,) = changed_lines(one("do, dc_new = dhhat * u", "do, dc_new = dhhat * c"))
    source = (ROOT / "step/lstm.py").read_text(encoding="utf-8").splitlines()
    assert place.ours == ("do, dc_new = dhhat * u, dc_new + dhhat * o * (1 - u**2)",)
    assert place.theirs == ("do, dc_new = dhhat * c, dc_new + dhhat * o * (1 - u**2)",)
    assert source[place.number - 1].strip() == f"{place.ours[0]}  # L.5*"
    assert place.tags == ("L.5*",)


def test_the_lines_own_tag_comes_before_the_mistakes_and_each_once():
    (own,) = changed_lines(one("best * (self.eps / S)", "0 * best", "step/sparsify.py", tag="R.1"))
    assert own.tags == ("S.3*", "S.4*")
    (given,) = changed_lines(one("return dz / self", "return dz * self", "step/sparsify.py", tag="R.1"))
    assert given.tags == ("F.1*",)
    (untagged,) = changed_lines(one("order = ranking(a)\n        if", "order = None\n        if", "step/sparsify.py"))
    assert untagged.tags == ()
    (named,) = changed_lines(
        one("order = ranking(a)\n        if", "order = None\n        if", "step/sparsify.py", tag="S.1")
    )
    assert named.tags == ("S.1",)


def test_lines_that_are_the_same_before_a_change_are_not_shown():
    old = "z_i, z_f, z_g, z_o = xp.split(z, 4, axis=-1)\n    i, f, o = sigmoid(z_i)"
    (place,) = changed_lines(one(old, old.replace("sigmoid", "tanh")))
    source = (ROOT / "step/lstm.py").read_text(encoding="utf-8").splitlines()
    assert source[place.number - 1].strip() == f"{place.ours[0]}  # L.2"
    assert place.ours == ("i, f, o = sigmoid(z_i), sigmoid(z_f), sigmoid(z_o)",)
    assert place.theirs == ("i, f, o = tanh(z_i), sigmoid(z_f), sigmoid(z_o)",)


def test_what_changes_no_line_shows_none():
    assert changed_lines(Mistake("", "", "mapping", takes=lambda params: params, tag="L.1")) == []


def test_the_package_is_read_where_it_is():
    assert ROOT.joinpath("__init__.py").samefile(sabcore.__file__)
