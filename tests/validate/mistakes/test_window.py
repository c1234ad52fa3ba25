"""A memory of the latest slots alone: outputs and gradients are what its sentence says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sabcore import SABConfig
from sabcore.validate.cases import ask
from sabcore.validate.mistakes.window import last_slots
from sabcore.validate.ours import Hypothesis, answer
from tests.validate.mistakes.model import check, disagreements, wrong

SIZES: dict[str, Any] = {"input_size": 3, "hidden_size": 4, "output_size": 5}
CONFIGS = {
    "paper": SABConfig.paper(**SIZES, k_top=2, eps=0.2, k_att=2, memory_start="zero_state"),
    "released": SABConfig.released(**SIZES, k_top=2),
    "softmax": SABConfig.self_attention(**SIZES),
}


def forgetful(count):
    return wrong(visible=lambda self, memory: np.stack(memory[-count:])[:, None])


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
@pytest.mark.parametrize("count", [1, 2, 3])
def test_what_is_computed_is_what_the_sentence_says(count, config):
    question = ask(config, 1, 9, 3, states=True, scale=0.6)
    check(last_slots(count), forgetful(count), question)
    found = answer(Hypothesis(config, (last_slots(count),)), question)
    assert found is not None
    assert disagreements(forgetful(count + 1), found, question)


def test_one_that_holds_all_is_none():
    question = ask(CONFIGS["softmax"], 1, 6, 3)
    right, found = (
        answer(Hypothesis(question.config), question),
        answer(Hypothesis(question.config, (last_slots(5),)), question),
    )
    assert right is not None
    assert found is not None
    assert all(np.array_equal(right[name], found[name]) for name in right)
