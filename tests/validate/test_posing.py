"""Questions that have one answer: nudging every number leaves it where it is."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from sabcore import SABConfig
from sabcore.reference.conditioning import conditioning
from sabcore.validate import posing
from sabcore.validate.cases import ask
from sabcore.validate.posing import well_posed

SIZES = {"input_size": 3, "hidden_size": 4, "output_size": 5}
PAPER = SABConfig.paper(**SIZES, k_top=3)
#: Raw weights over many slots let states grow.
GROWS = SABConfig.released(**SIZES, k_top=30)


@pytest.mark.parametrize("config", [PAPER, GROWS, SABConfig.self_attention(**SIZES)], ids=lambda config: config.score)
def test_no_choice_is_near_and_nothing_grows(config):
    question = well_posed(config, 1, 25, 3)
    run = conditioning(config.to_dict(), question.params, question.x)
    assert run.gap >= 1e-9
    assert run.amplification <= 1e4
    assert posing._moved(config, question) <= 1


def test_parameters_shrink_where_states_would_grow():
    plain = ask(GROWS, 1, 25, 3)
    assert posing._moved(GROWS, plain) > 1
    assert np.abs(well_posed(GROWS, 1, 25, 3).params["W_hh"]).max() < np.abs(plain.params["W_hh"]).max()


def test_states_and_small_scores_are_kept():
    question = well_posed(PAPER, 1, 12, 3, states=True, scores=1e-6)
    assert question.h0 is not None
    assert np.abs(question.params["w_a"]).max() < 1e-4
    assert well_posed(dataclasses.replace(PAPER, k_att=2), 1, 12, 3).h0 is None
