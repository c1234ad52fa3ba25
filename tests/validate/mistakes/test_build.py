"""Building a wrong engine: it is wrong by what was changed, and by nothing else, and the right one stays right."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

from sabcore import SABConfig
from sabcore.engine import plain
from sabcore.step import lstm, sparsify
from sabcore.validate.cases import ask
from sabcore.validate.mistakes.build import Copies, Engine, build, source
from sabcore.validate.mistakes.record import Change, Mistake
from sabcore.validate.ours import Hypothesis, answer
from sabcore.validate.question import Question
from tests.cases import CASES
from tests.validate.mistakes.model import Model, disagreements

CONFIG = SABConfig.paper(input_size=3, hidden_size=4, output_size=5, k_top=2, k_trunc=3)
QUESTION = ask(CONFIG, 1, 7, 2)
#: k_back has tests of its own, and under raw weights states grow until nothing can be told.
MODELLED = [case for case in CASES if case.config.k_back is None and case.fields.get("k_top") != 20]


def changing(file: str, old: str, new: str, **more: Any) -> Mistake:
    return Mistake("", "", "backward", (Change(file, old, new),), **more)


def run(engine: Engine, question: Question = QUESTION) -> dict[str, np.ndarray]:
    config = engine.config.from_dict(question.config.to_dict())
    y, tape = engine.forward(config, question.params, question.x, *question.states)
    return {"y": y} | engine.backward(config, question.params, tape, question.dy)


def differing(engine: Engine) -> set[str]:
    """The tensors that an engine computes otherwise than the package's own."""
    right = run(Engine(SABConfig, plain.forward, plain.backward))
    return {name for name, value in run(engine).items() if not np.array_equal(value, right[name])}


@pytest.mark.parametrize("case", MODELLED, ids=str)
def test_the_right_engine_is_the_model_by_which_wrong_ones_are_judged(case):
    question = ask(case.config, 1, 9, 2, states=True, scale=0.7)
    found = answer(Hypothesis(case.config), question)
    assert found is not None
    assert disagreements(Model, found, question) == []


def test_without_mistakes_it_is_the_engine_to_the_bit_and_yet_a_copy():
    engine = build()
    assert differing(engine) == set()
    assert engine.forward is not plain.forward
    assert engine.config is not SABConfig


@pytest.mark.parametrize(
    ("file", "old", "new", "tensors"),
    [
        ("step/readout.py", "dy.sum(axis=(0, 1))", "2 * dy.sum(axis=(0, 1))", {"d"}),
        ("step/score.py", '{"w_a": dw_a}', '{"w_a": 2 * dw_a}', {"w_a"}),
        ("engine/plain.py", "db, dx = dz_all", "db, dx = 2 * dz_all", {"b"}),
    ],
)
def test_a_changed_line_changes_what_it_computes_and_nothing_else(file, old, new, tensors):
    assert differing(build([changing(file, old, new)])) == tensors


def test_changes_in_several_files_and_in_one_are_all_made():
    mistakes = [
        changing("step/readout.py", "dy.sum(axis=(0, 1))", "2 * dy.sum(axis=(0, 1))"),
        changing("engine/plain.py", "db, dx = dz_all", "db, dx = 2 * dz_all"),
        changing("engine/plain.py", "dW_ih, dW_hh = outer_sum(dz_all, tape.x)", "dW_ih, dW_hh = 0 * params['W_ih']"),
    ]
    assert differing(build(mistakes)) == {"d", "b", "W_ih"}


def test_engines_do_not_share_their_mistakes():
    """Nor does the package: its modules are those that they were."""
    modules = {name: module for name, module in sys.modules.items() if name.startswith("sabcore.")}
    wrong = build([changing("step/lstm.py", "u = xp.tanh(c_new)", "u = c_new")])
    other = build([changing("step/lstm.py", "g = xp.tanh(z_g)", "g = z_g")])
    assert "y" in differing(wrong) & differing(other)
    assert not np.array_equal(run(wrong)["y"], run(other)["y"])
    assert differing(build()) == set()
    assert {name: sys.modules[name] for name in modules} == modules
    assert plain.lstm_step is lstm.lstm_step


def test_a_replacement_is_of_this_engine_alone():
    """It is given the copies, which call each other."""
    given = []

    def replace(parts):
        given.append(parts)
        parts.sparsify.Threshold.weights = lambda rule, a: 0 * a

    before = sparsify.Threshold.weights
    engine = build([Mistake("", "", "forward", replace=replace)])
    assert sparsify.Threshold.weights is before
    assert "y" in differing(engine)
    assert differing(build()) == set()
    assert given[0].plain.forward is engine.forward
    assert given[0].config.SABConfig is engine.config


def test_definitions_take_the_place_of_a_files_own():
    engine = build(definitions={"step/lstm.py": "def sigmoid(z):\n    return 0 * z + 0.5\n"})
    same = build([changing("step/lstm.py", "return xp.where(positive, 1, e) / (1 + e)", "return 0 * z + 0.5")])
    found, wanted = run(engine), run(same)
    assert "y" in differing(engine)
    assert all(np.array_equal(found[name], wanted[name]) for name in wanted)


@pytest.mark.parametrize(
    ("old", "times"),
    [("sigmoid(z_o)", "1"), ("not in the file", "0"), ("sigmoid", "5")],
)
def test_what_is_to_be_changed_stands_exactly_once(old, times):
    assert source("step/lstm.py").count(old) == int(times)
    if times == "1":
        build([changing("step/lstm.py", old, old)])
        return
    with pytest.raises(ValueError, match=f"step/lstm.py: .* should stand exactly once, but stands {times} times"):
        build([changing("step/lstm.py", old, "")])


def test_two_mistakes_in_the_same_words_have_no_engine():
    mistakes = [changing("step/lstm.py", "sigmoid(z_o)", f"{name}(z_o)") for name in ("abs", "float")]
    with pytest.raises(ValueError, match="stands 0 times"):
        build(mistakes)


def test_only_the_named_modules_are_copied():
    copies = Copies([], {}, ("sabcore.step.lstm",))
    module: Any = copies.load("sabcore.step.lstm")
    assert module is copies.load("sabcore.step.lstm")
    assert module.lstm_step is not lstm.lstm_step
    assert module.array_module is lstm.array_module
    assert list(copies.modules) == ["sabcore.step.lstm"]
