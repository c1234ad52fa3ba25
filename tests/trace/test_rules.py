"""What each rule keeps of the full gradient."""

import numpy as np
import pytest

from sabcore import SABConfig, backward, forward
from sabcore.trace import compare_rules
from sabcore.trace.source import random_source

SIZES = {"input_size": 3, "hidden_size": 6, "output_size": 4}


def rules_of(config, T=20):
    source = random_source(config, T, 0)
    return {rule.name: rule for rule in compare_rules(config, source.params, source.x, source.dy)}, source


def test_nothing_cut_is_the_full_gradient():
    rules, _ = rules_of(SABConfig.paper(**SIZES, k_top=2))
    assert rules["SAB"] == rules["full"]._replace(name="SAB")
    assert rules["full"].cosine["all"] == pytest.approx(1, abs=1e-12)
    assert rules["full"].bias["all"] == 0


def test_numbers_are_those_of_the_engines_gradients():
    config = SABConfig.paper(**SIZES, k_top=2, k_trunc=2)
    rules, source = rules_of(config)
    x, dy = source.x[:, None], source.dy[:, None]
    _, tape = forward(config, source.params, x, engine="plain")
    sab = backward(config, source.params, tape, dy)["W_hh"]
    whole = SABConfig.paper(**SIZES, k_top=2)
    full = backward(whole, source.params, forward(whole, source.params, x, engine="plain")[1], dy)["W_hh"]
    sizes = np.linalg.norm(sab), np.linalg.norm(full)
    assert rules["SAB"].cosine["W_hh"] == pytest.approx((sab * full).sum() / np.prod(sizes), abs=1e-12)
    assert rules["SAB"].ratio["W_hh"] == pytest.approx(sizes[0] / sizes[1], rel=1e-12)
    assert rules["SAB"].bias["W_hh"] == pytest.approx(np.linalg.norm(sab - full) / sizes[1], rel=1e-12)


def test_a_plain_lstm_has_no_reads_to_leave_out():
    rules, _ = rules_of(SABConfig.lstm(**SIZES, k_trunc=3))
    assert rules.keys() == {"full", "SAB"}
    assert rules["SAB"].bias["all"] > 0
