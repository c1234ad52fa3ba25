"""The shipped set: it passes, can be made again, covers the spec, and tells the gate orders apart."""

from dataclasses import replace
from functools import partial
from itertools import permutations

import numpy as np
import pytest

from sabcore import PRESETS
from sabcore.compare.report import failures
from sabcore.compare.tensors import compare
from sabcore.vectors import make as making
from sabcore.vectors import read
from sabcore.vectors.catalogue import CATALOGUE, seed_of
from sabcore.vectors.check import SHIPPED, check, find, floors

#: The cases to compute again in every run: each preset, both truncations, a tie. The others only with `-m long`.
QUICK = ("lstm-sliding", "paper-segment", "paper-tie", "dev2018", "released-sparse", "attention-top")
FILES = {path.stem: path for path in find([])}


def test_the_catalogue_and_the_folder_agree():
    assert FILES.keys() == CATALOGUE.keys()
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 600_000
    assert max(path.stat().st_size for path in SHIPPED.iterdir()) < 30_000


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_engine_passes(name):
    failed = [report for report in check(read(FILES[name])) if not report.passed]
    assert not failed


@pytest.mark.parametrize("name", CATALOGUE)
def test_drawn_again_it_is_the_same(name):
    shipped, again = read(FILES[name]), CATALOGUE[name].draw(seed_of(name))
    assert again.config == shipped.config
    assert shipped.tensors().keys() - shipped.expected.keys() == again.tensors().keys()
    assert all(report.passed for report in compare(shipped.tensors(), again.tensors(), 1e-15))


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.long) for name in CATALOGUE]
)
def test_made_again_it_is_the_same(name):
    """Within rounding: another processor, or another PyTorch, sums in another order."""
    pytest.importorskip("torch")
    shipped, (again, agreement) = read(FILES[name]), making.expect(CATALOGUE[name].draw(seed_of(name)))
    assert agreement.error <= making.AGREED
    assert shipped.expected.keys() == again.expected.keys()
    floors_of = partial(floors, shipped, dict.fromkeys(shipped.expected, making.AGREED))
    assert failures(compare(again.expected, shipped.expected, making.AGREED, floors_of)) == []


@pytest.mark.parametrize("order", list(permutations(range(4)))[1:])
def test_every_wrong_gate_order_is_rejected(order):
    """By one file of each preset alone: in `y`, and in every gradient that depends on the gates."""
    for name in ("lstm-full", "paper-segment", "dev2018", "released", "attention-full"):
        vector = read(FILES[name])
        swapped = {name: regate(vector.params[name], order) for name in ("W_ih", "W_hh", "b")}
        failed = {r.name for r in check(replace(vector, params={**vector.params, **swapped})) if not r.passed}
        assert {"y", "grad.x", "grad.W_ih", "grad.b"} <= failed, name


def regate(value, order):
    return np.concatenate([np.split(value, 4)[gate] for gate in order])


def test_the_set_covers_the_spec():
    configs = [case.config for case in CATALOGUE.values()]
    assert {case.preset for case in CATALOGUE.values()} == set(PRESETS)
    memory = [config for config in configs if config.has_memory]
    assert {config.k_att for config in memory} == {1, 2, 3}
    assert {config.score_grad for config in memory} == {True, False}
    assert {(config.score, config.sparsifier) for config in memory} == {
        (score, sparsifier) for score in ("additive", "separable") for sparsifier in ("threshold", "softmax")
    }
    threshold = [config for config in memory if config.sparsifier == "threshold"]
    assert {config.small_memory for config in threshold} == {"raw", "softmax", "threshold"}
    assert {np.sign(config.margin) for config in threshold} == {-1, 0, 1}
    assert {config.truncation for config in memory if config.k_trunc} == {"segment", "sliding"}
    sliding = [config for config in memory if config.truncation == "sliding"]
    windows = [(config.k_trunc or 0, config.k_remind or config.k_trunc or 0) for config in sliding]
    assert {np.sign(k_remind - k_trunc) for k_trunc, k_remind in windows} == {-1, 0, 1}
    softmax = [config for config in memory if config.sparsifier == "softmax"]
    assert {config.k_top is None for config in softmax} == {True, False}
    assert any(config.temperature != 1 for config in softmax)


@pytest.mark.parametrize("name", CATALOGUE)
def test_no_two_sizes_are_equal(name):
    vector = read(FILES[name])
    (T, B, I), O, config = vector.x.shape, vector.dy.shape[2], vector.config  # noqa: E741
    sizes = [T, B, I, O, config.hidden_size] + ([] if config.attention_size is None else [config.attention_size])
    assert len(set(sizes)) == len(sizes)
