"""SABConfig: the presets as the spec's table has them, and one clear line for everything that is wrong."""

import dataclasses

import pytest

from sabcore import PRESETS, SABConfig
from sabcore.errors import ConfigError

SIZES = {"input_size": 3, "hidden_size": 5, "output_size": 4}
TABLE = {
    "paper": ("additive", "threshold", 10, "k_top+1", 0.0, 1e-7, "threshold", "empty", "segment", 0),
    "dev2018": ("additive", "threshold", 10, "k_top+1", -1e-7, 1e-7, "raw", "zero_state", "segment", 1),
    "released": ("separable", "threshold", 10, "k_top", 1e-7, 1e-7, "raw", "zero_state", "segment", 1),
}


@pytest.mark.parametrize("name", TABLE)
def test_presets_are_the_specs_table(name):
    config = getattr(SABConfig, name)(**SIZES, k_top=10)
    fields = (
        "score sparsifier k_top threshold_rank margin eps small_memory memory_start truncation segment_offset".split()
    )
    assert tuple(getattr(config, field) for field in fields) == TABLE[name]


def test_self_attention_and_lstm_presets():
    attention, lstm = SABConfig.self_attention(**SIZES), SABConfig.lstm(**SIZES)
    assert (attention.score, attention.sparsifier, attention.k_top) == ("additive", "softmax", None)
    assert (lstm.k_top, lstm.has_memory, lstm.slots_before(100)) == (0, False, 0)


def test_the_readme_call():
    config = SABConfig.paper(input_size=10, hidden_size=128, output_size=10, k_top=10, k_att=1, k_trunc=10)
    assert (config.A, config.k_att, config.k_trunc) == (128, 1, 10)


def test_config_is_frozen_and_survives_a_round_trip():
    config = SABConfig.dev2018(**SIZES, k_top=2, k_trunc=7)
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.k_top = 3  # type: ignore[misc]
    assert SABConfig.from_dict(config.to_dict()) == config
    assert len(config.to_dict()) == 20


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"k_top": -1}, "k_top is -1, but should be a whole number, at least 0"),
        ({"k_top": 2.0}, "k_top is 2.0"),
        ({"k_top": True}, "k_top is True"),
        ({"k_top": None}, "only softmax can read every slot"),
        ({"k_att": 0}, "k_att is 0, but should be a whole number, at least 1"),
        ({"k_att": None}, "k_att is None"),
        ({"k_trunc": 0}, "k_trunc is 0"),
        ({"k_remind": 2}, "exists only under truncation 'sliding'"),
        ({"hidden_size": 0}, "hidden_size is 0"),
        ({"attention_size": "6"}, "attention_size is '6'"),
        ({"segment_offset": -1}, "segment_offset is -1"),
        ({"score": "dot"}, "score is 'dot', but should be one of 'additive', 'separable'"),
        ({"truncation": ["segment"]}, "truncation is ['segment']"),
        ({"margin": float("nan")}, "margin is nan, but should be a finite number"),
        ({"margin": 10**400}, "but should be a finite number"),
        ({"eps": 0.0}, "eps is 0.0, but should be greater than 0"),
        ({"temperature": -1}, "temperature is -1"),
        ({"score_grad": 1}, "score_grad is 1, but should be true or false"),
        ({"k_topp": 3}, "unknown config field k_topp"),
    ],
)
def test_bad_fields_are_named_in_one_line(fields, says):
    with pytest.raises(ConfigError) as caught:
        SABConfig.paper(**{**SIZES, "k_top": 2, **fields})
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_fields_and_unknown_presets():
    with pytest.raises(ConfigError, match="the config needs hidden_size"):
        SABConfig.paper(input_size=3, output_size=4, k_top=2)
    with pytest.raises(ConfigError, match="preset is 'papre', but should be one of 'paper', 'dev2018'"):
        SABConfig.preset("papre", **SIZES)
    with pytest.raises(ConfigError, match="lacks the keys eps"):
        SABConfig.from_dict({k: v for k, v in SABConfig.lstm(**SIZES).to_dict().items() if k != "eps"})
    assert isinstance(ConfigError("x"), ValueError)


@pytest.mark.parametrize(
    ("start", "k_att", "visible"),
    [("empty", 1, [0, 1, 2, 3, 4]), ("empty", 2, [0, 0, 1, 1, 2]), ("zero_state", 2, [1, 1, 2, 2, 3])],
)
def test_slots_visible_at_each_step(start, k_att, visible):
    config = SABConfig.paper(**SIZES, k_top=2, k_att=k_att, memory_start=start)
    assert [config.slots_before(t) for t in range(1, 6)] == visible
    assert set(PRESETS) == {"paper", "dev2018", "released", "self_attention", "sab2017", "lstm"}


def test_sab2017_is_self_attention_with_k_back():
    given = {**SIZES, "k_trunc": 3}
    assert SABConfig.sab2017(**given, k_back=2) == SABConfig.self_attention(**given, k_back=2)
    with pytest.raises(ConfigError, match="the preset sab2017 needs k_back"):
        SABConfig.sab2017(**given)
    with pytest.raises(ConfigError, match="k_back is 0, but should be a whole number, at least 1"):
        SABConfig.self_attention(**given, k_back=0)
