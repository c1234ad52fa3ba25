"""What a mistake is: one line of one file, and whether outputs change."""

from __future__ import annotations

import pytest

from sabcore.validate.mistakes.record import Change, Mistake, line


def same(tensors):
    return tensors


@pytest.mark.parametrize(
    ("mistake", "forward"),
    [
        (Mistake("", "", "forward"), True),
        (Mistake("", "", "backward"), False),
        (Mistake("", "", "backward", gives=same), False),
        (Mistake("", "", "mapping", gives=same), False),
        (Mistake("", "", "mapping", takes=same), True),
        (Mistake("", "", "mapping", takes=same, gives=same), True),
    ],
)
def test_outputs_change_with_what_is_taken_or_computed(mistake, forward):
    """A wrong place of the gradients alone leaves outputs as they are."""
    assert mistake.takes_effect_forward is forward


def test_a_line_is_a_mutant_of_the_backward_pass_unless_it_says_otherwise():
    mistake = line("name", "Why.", "step/lstm.py", "old", "new", tag="L.1*")
    assert mistake == Mistake(
        "name", "Why.", "backward", (Change("step/lstm.py", "old", "new"),), tag="L.1*", is_mutant=True
    )
    assert line("name", "Why.", "step/lstm.py", "old", "new", kind="forward").takes_effect_forward


def test_a_mistake_of_several_lines_is_no_mutant():
    assert not Mistake("", "", "backward", (Change("", "a", "b"), Change("", "c", "d"))).is_mutant
