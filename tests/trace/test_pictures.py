"""What pictures show is what was found: credit by distance, cut edges, arcs from slot to reader."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sabcore import SABConfig
from sabcore.engine.truncation import make_truncation
from sabcore.trace import BySource, credit
from sabcore.trace.pictures import _arc, by_distance, cuts, draw_distance, draw_graph, draw_map
from sabcore.trace.source import random_source

SIZES = {"input_size": 2, "hidden_size": 3, "output_size": 2, "k_top": 2}


def test_credit_by_distance_is_the_root_mean_square_over_losses_that_reach_so_far():
    labels = BySource((2, 4))
    total = np.random.default_rng(0).uniform(1, 2, (6, 3))
    found: Any = SimpleNamespace(total=total)
    want = []
    for d in range(6):
        squares = [total[t - d, k] ** 2 for k, t in enumerate(labels.steps) if t >= d]
        want.append(np.sqrt(np.mean(squares)) if squares else 0)
    np.testing.assert_allclose(by_distance(found, labels), want, rtol=1e-14)


@pytest.mark.parametrize("offset", [0, 1, 2])
def test_cuts_are_where_the_policy_lets_nothing_through(offset):
    config = SABConfig.paper(**SIZES, k_trunc=3, segment_offset=offset)
    policy, one = make_truncation(config, 10), np.ones((1, 1, 1))
    assert cuts(config, 10) == [t for t in range(2, 11) if not policy.carry(t, one).any()] != []


@pytest.mark.parametrize("fields", [{}, {"k_trunc": 3, "truncation": "sliding"}])
def test_nothing_is_marked_where_no_edge_is_cut_for_all(fields):
    assert cuts(SABConfig.paper(**SIZES, **fields), 10) == []


def test_an_arc_goes_from_the_slots_step_to_the_readers():
    arc = _arc(3, 11)
    np.testing.assert_allclose(arc[[0, -1]], [[3, 0], [11, 0]], atol=1e-12)
    assert arc[:, 1].max() == pytest.approx(4, rel=0.01)


def test_files_of_both_kinds_that_differ_with_what_is_shown(tmp_path):
    config = SABConfig.paper(**SIZES, k_trunc=3)
    seen = []
    for seed in (0, 1):
        source = random_source(config, 9, seed)
        labels = BySource.spread(source.dy)
        found = credit(config, source.params, source.x, source.dy, labels=labels)
        draw_map(tmp_path / "map", found, labels)
        draw_graph(tmp_path / "graph", config, found)
        draw_distance(tmp_path / "distance", {"SAB": by_distance(found, labels)})
        seen.append({path.name: path.read_bytes() for path in tmp_path.iterdir()})
    assert {name for name in seen[0]} == {f"{n}.{k}" for n in ("map", "graph", "distance") for k in ("png", "svg")}
    assert all(seen[0][name] != seen[1][name] for name in seen[0])
