"""The sliders' runs: the source's own first, every combination once, fewer for long sequences."""

import json
from itertools import product

import pytest

from sabcore import SABConfig
from sabcore.trace.page.grid import SHORT, VALUES, VALUES_LONG, grid
from sabcore.trace.source import random_source

SIZES = {"input_size": 2, "hidden_size": 3, "output_size": 2}


@pytest.mark.parametrize(("T", "values"), [(6, VALUES), (SHORT, VALUES), (SHORT + 1, VALUES_LONG)])
def test_every_combination_is_there_and_named_by_its_fields(T, values):
    config = SABConfig.paper(**SIZES, k_top=2, k_trunc=7)
    runs = grid(random_source(config, T, 0))
    own = {name: getattr(config, name) for name in values}
    assert json.loads(next(iter(runs))) == own
    want = {tuple(row) for row in product(*({*tried, own[name]} for name, tried in values.items()))}
    assert {tuple(json.loads(name).values()) for name in runs} == want
    assert len(runs) == len(want)
    for name, source in runs.items():
        assert {field: getattr(source.config, field) for field in own} == json.loads(name)


@pytest.mark.parametrize("config", [SABConfig.lstm(**SIZES), SABConfig.self_attention(**SIZES)])
def test_only_the_window_varies_where_nothing_else_can(config):
    names = [json.loads(name) for name in grid(random_source(config, 6, 0))]
    assert [list(name) for name in names] == [["k_trunc"]] * len(names)
    assert sorted(name["k_trunc"] or 99 for name in names) == [1, 5, 20, 99]
