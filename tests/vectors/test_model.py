"""The model of a file: its config read strictly, and the tensors that belong to it."""

import json

import pytest

from sabcore import SABConfig
from sabcore.errors import FormatError
from sabcore.vectors import model
from sabcore.vectors.model import applicable, read_config, tensor_shapes, write_config

SIZES = {"input_size": 3, "hidden_size": 5, "output_size": 4, "attention_size": 6}
PAPER = SABConfig.paper(**SIZES, k_top=2)


def changed(**fields):
    return json.dumps({**json.loads(write_config(PAPER)), **fields})


@pytest.mark.parametrize("preset", ["paper", "dev2018", "released", "self_attention", "lstm"])
def test_a_config_comes_back(preset):
    k_top = {"self_attention": None, "lstm": 0}.get(preset, 2)
    config = SABConfig.preset(preset, **SIZES, k_top=k_top)
    again = read_config(write_config(config))
    assert read_config(write_config(again)) == again
    assert (again.k_top, again.score, again.truncation) == (config.k_top, again.score, config.truncation)


def test_numbers_are_jsons_one_kind():
    assert read_config(changed(k_top=3.0, k_att=2.0)) == SABConfig.paper(**SIZES, k_top=3, k_att=2)
    with pytest.raises(FormatError, match=r"k_top is 3\.5"):
        read_config(changed(k_top=3.5))
    assert read_config(changed(margin=1)).margin == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[]", "the config is a JSON list, but should be an object"),
        (changed(other=1), "unknown key 'other'"),
        (json.dumps({"k_top": 2}), "lacks the key input_size, hidden_size"),
        (changed(k_top=-1), "not one of the spec's: k_top is -1"),
        (changed(k_top=1e400), "holds Infinity"),
        ('{"k_top": 1e999}', "lacks the key"),
    ],
)
def test_what_is_no_config_of_the_specs_is_refused(text, says):
    with pytest.raises(FormatError, match=says):
        read_config(text)


def test_a_config_is_no_longer_than_it_may_be(monkeypatch):
    text = write_config(PAPER)
    monkeypatch.setattr(model, "MAX_CONFIG", len(text))
    assert read_config(text) == PAPER
    monkeypatch.setattr(model, "MAX_CONFIG", len(text) - 1)
    with pytest.raises(FormatError, match=f"{len(text)} characters long, but should be at most {len(text) - 1}"):
        read_config(text)


@pytest.mark.parametrize(
    ("fields", "ignored"),
    [
        ({}, {"temperature", "k_remind"}),
        ({"truncation": "sliding"}, {"temperature", "segment_offset"}),
        ({"score": "separable"}, {"temperature", "k_remind", "attention_size"}),
        ({"sparsifier": "softmax"}, {"threshold_rank", "margin", "eps", "small_memory", "k_remind"}),
    ],
)
def test_fields_that_do_not_apply_take_their_defaults(fields, ignored):
    given = {**dict.fromkeys(PAPER.to_dict(), "given"), **{"k_top": 2, "truncation": "segment"}, **fields}
    given = {**given, "score": fields.get("score", "additive"), "sparsifier": fields.get("sparsifier", "threshold")}
    found = applicable(given)
    assert {name for name, value in given.items() if found[name] != value} == ignored
    defaults = SABConfig(input_size=1, hidden_size=1, output_size=1, k_top=1).to_dict()
    assert all(found[name] == defaults[name] for name in ignored)


def test_a_plain_lstm_ignores_all_of_the_memory():
    given = {**dict.fromkeys(PAPER.to_dict(), "given"), "k_top": 0, "truncation": "segment", "score": "additive"}
    found = applicable({**given, "sparsifier": "threshold"})
    assert {name for name, value in found.items() if value == "given"} == {
        *("input_size", "hidden_size", "output_size", "k_trunc", "segment_offset"),
    } & found.keys()


def test_tensors_are_the_specs():
    required, optional = tensor_shapes(PAPER, T=7, B=2)
    assert {name: required[name] for name in ("x", "dy", "y", "grad.x")} == {
        "x": (7, 2, 3), "dy": (7, 2, 4), "y": (7, 2, 4), "grad.x": (7, 2, 3),
    }  # fmt: skip
    weights = {name.removeprefix("param."): shape for name, shape in required.items() if name.startswith("param.")}
    assert {name: required[f"grad.{name}"] for name in weights} == weights
    assert weights["W_q"] == (6, 5)
    assert len(required) == 4 + 2 * len(weights)
    assert optional == {
        **dict.fromkeys(("h0", "c0", "grad.h0", "grad.c0"), (2, 5)),
        **dict.fromkeys(("h", "s", "c"), (7, 2, 5)),
    }
