"""What ports make their output from: outputs and gradients are those of the formula in each sentence."""

from __future__ import annotations

import pytest

from sabcore import SABConfig
from sabcore.validate.cases import ask
from sabcore.validate.mistakes.output import OUTPUT
from tests.validate.mistakes.model import check, wrong

CONFIG = SABConfig.paper(input_size=3, hidden_size=4, output_size=5, k_top=2, k_trunc=3)
FORMULAS = {
    "output from s alone": lambda V_h, V_s, h, s, hhat: s @ V_s,
    "output from h alone": lambda V_h, V_s, h, s, hhat: h @ V_h,
    "output from h + s": lambda V_h, V_s, h, s, hhat: (h + s) @ V_h,
    "output from 2 h + s": lambda V_h, V_s, h, s, hhat: (2 * h + s) @ V_h,
    "output from hhat": lambda V_h, V_s, h, s, hhat: hhat @ V_h + s @ V_s,
}


def reading_out(formula):
    return wrong(output=lambda self, t, h, s, hhat: formula(self.p["V_h"].T, self.p["V_s"].T, h, s, hhat) + self.p["d"])


def test_each_mistake_has_its_formula():
    assert [mistake.name for mistake in OUTPUT] == list(FORMULAS)


@pytest.mark.parametrize("mistake", OUTPUT, ids=lambda mistake: mistake.name)
def test_what_is_computed_is_what_the_sentence_says(mistake):
    check(mistake, reading_out(FORMULAS[mistake.name]), ask(CONFIG, 1, 7, 2, states=True))
