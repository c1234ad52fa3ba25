"""The parts of a gradient are right, each by an oracle that shares no code, and add up to the whole."""

from typing import Any

import numpy as np
import pytest

from sabcore import SABConfig, backward, forward, init_params
from sabcore.errors import ConfigError, DTypeError, NonFiniteError, ShapeError
from sabcore.trace import EDGES, ByHops, BySource, credit
from tests.cases import CASES
from tests.trace.injection import arriving

INTO_H = ("loss", "recurrent", "value", "key", "threshold")
T, SPREAD = 8, 2.5


def drawn(config, seed):
    """Parameters large enough for reads that differ from step to step, and one sequence: x (T,I), dy (T,O), h0, c0."""
    rng = np.random.default_rng(seed)
    params = {name: SPREAD * value for name, value in init_params(config, seed, "float64").items()}
    sizes = (T, config.input_size), (T, config.output_size), config.hidden_size, config.hidden_size
    return params, [rng.standard_normal(size) for size in sizes]


def random_config(seed):
    """Of every preset, truncation and option in turn, sizes that differ."""
    rng = np.random.default_rng(seed)
    preset = ("paper", "dev2018", "released", "self_attention", "lstm")[seed % 5]
    fields: dict[str, Any] = {
        "input_size": 3,
        "hidden_size": 4,
        "output_size": 2,
        "attention_size": 5,
        "k_att": int(rng.integers(1, 4)),
    }
    if preset in ("paper", "dev2018", "released"):
        fields |= {"k_top": int(rng.integers(1, 5)), "margin": float(rng.choice([0.0, 0.02, -0.05]))}
        fields |= {"small_memory": str(rng.choice(["raw", "softmax", "threshold"]))}
    fields |= {"k_trunc": [None, 1, 2, 3][rng.integers(4)], "score_grad": bool(rng.random() < 0.8)}
    if rng.random() < 0.5:
        fields |= {"truncation": "sliding", "k_remind": [None, 1, 3][rng.integers(3)]}
    else:
        fields |= {"segment_offset": int(rng.integers(3))}
    return SABConfig.preset(preset, **fields)


def sequence_of_batch(grads):
    """The engine's gradients of a batch of one, without the batch axis."""
    return {name: g[:, 0] if name == "x" else g[0] if name in ("h0", "c0") else g for name, g in grads.items()}


def close(got, want, scale, allowed=1e-12):
    return bool(np.abs(got - want).max() <= allowed * scale)


@pytest.mark.parametrize("seed", range(40))
def test_labels_add_up_to_the_engines_gradient(seed):
    config = random_config(seed)
    params, (x, dy, h0, c0) = drawn(config, seed)
    _, tape = forward(config, params, x[:, None], h0=h0[None], c0=c0[None], engine="plain")
    want = sequence_of_batch(backward(config, params, tape, dy[:, None]))
    largest = max(np.abs(value).max() for value in want.values())
    for labels in (BySource.spread(dy), BySource((2, 5)), ByHops(2)):
        found = credit(config, params, x, dy, h0=h0, c0=c0, labels=labels)
        assert found.grads.keys() == want.keys()
        for name, value in want.items():
            assert found.grads[name].shape == value.shape
            assert close(found.grads[name], value, max(np.abs(value).max(), 1e-3 * largest)), name
        shares = sum(found.share[edge].sum(axis=1) for edge in INTO_H)
        reached = found.total.sum(axis=1) > 0
        assert close(shares[reached], 1, 1)


def check_edges(seed):
    config = random_config(seed)
    params, (x, dy, h0, c0) = drawn(config, seed)
    found = credit(config, params, x, dy, h0=h0, c0=c0, labels=ByHops(0))
    fields = config.to_dict()
    scale = max(found.norms[edge].max() for edge in EDGES)
    for at in np.random.default_rng(seed).choice(T + 1, 3, replace=False):
        whole = arriving(fields, params, x, dy, h0, c0, at, set(INTO_H))
        assert close(found.total[at, 0], np.linalg.norm(whole), scale)
        for edge in EDGES:
            if at == 0 and edge in ("loss", "query"):
                continue  # the initial state has no output and reads nothing
            part = arriving(fields, params, x, dy, h0, c0, at, {edge})
            assert close(found.norms[edge][at, 0], np.linalg.norm(part), scale), (edge, at)
            if edge != "query":
                assert close(found.share[edge][at, 0] * (whole @ whole), part @ whole, scale**2), (edge, at)


@pytest.mark.parametrize("seed", range(25))
def test_each_edge_by_an_oracle_without_common_code(seed):
    check_edges(seed)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(25, 225))
def test_each_edge_on_two_hundred_more(seed):
    check_edges(seed)


@pytest.mark.parametrize("seed", range(15))
def test_memories_passed_are_the_coefficients_of_a_gated_gradient(seed):
    """Scaling what enters memories by g turns the part through n memories into g^n times itself."""
    config = random_config(seed)
    params, (x, dy, h0, c0) = drawn(config, seed)
    found = credit(config, params, x, dy, h0=h0, c0=c0, labels=ByHops(T))
    at = 2
    g0 = arriving(config.to_dict(), params, x, dy, h0, c0, at, {"loss", "recurrent"}, gate=0.0)
    nothing_read = found.norms["loss"][at, 0] + found.norms["recurrent"][at, 0]
    assert np.linalg.norm(g0) <= nothing_read * (1 + 1e-12)
    # At gates 1 and -1 the even parts add up and the odd ones cancel; projected on the whole, as `share` is.
    whole, turned = (
        arriving(config.to_dict(), params, x, dy, h0, c0, at, {"loss", "recurrent"}, gate=gate) for gate in (1.0, -1.0)
    )
    everything = arriving(config.to_dict(), params, x, dy, h0, c0, at, set(INTO_H))
    shares = (found.share["loss"] + found.share["recurrent"])[at] * (everything @ everything)
    assert close(shares.sum(), whole @ everything, max(abs(shares).max(), everything @ everything), 1e-11)
    signs = (-1.0) ** np.arange(len(shares))
    assert close(shares @ signs, turned @ everything, max(abs(shares).max(), everything @ everything), 1e-11)


@pytest.mark.parametrize("step", [3, 7])
@pytest.mark.parametrize("case", CASES[::3], ids=str)
def test_a_source_is_the_gradient_of_that_step_alone(case, step):
    params, (x, dy, h0, c0) = drawn(case.config, 1)
    labels = BySource.spread(dy)
    found = credit(case.config, params, x, dy, h0=h0, c0=c0, labels=labels)
    alone = np.where(np.arange(1, T + 1)[:, None] == step, dy, 0)
    for at in (0, 2, step):
        want = arriving(case.config.to_dict(), params, x, alone, h0, c0, at, set(INTO_H))
        got = found.total[at, labels.steps.index(step)]
        assert close(got, np.linalg.norm(want), found.total.max())


def test_an_edge_left_out_lets_nothing_through():
    config = SABConfig.paper(input_size=3, hidden_size=4, output_size=2, k_top=2, k_trunc=3)
    params, (x, dy, h0, c0) = drawn(config, 0)
    without_scores = SABConfig.paper(input_size=3, hidden_size=4, output_size=2, k_top=2, k_trunc=3, score_grad=False)
    cut = credit(config, params, x, dy, h0=h0, c0=c0, without=("key", "threshold", "query")).grads
    detached = credit(without_scores, params, x, dy, h0=h0, c0=c0).grads
    assert all(close(cut[name], detached[name], np.abs(detached[name]).max()) for name in detached)
    truncated = credit(config, params, x, dy, h0=h0, c0=c0, without=("value", "key", "threshold", "query"))
    assert not truncated.norms["value"].any()
    assert not truncated.norms["query"].any()


def test_reads_are_those_of_the_tape():
    config = SABConfig.dev2018(input_size=3, hidden_size=4, output_size=2, k_top=2, k_att=2)
    params, (x, dy, h0, c0) = drawn(config, 0)
    found = credit(config, params, x, dy, h0=h0, c0=c0).reads
    from sabcore.engine import attention

    _, tape = forward(config, params, x[:, None], h0=h0[None], c0=c0[None], engine="plain")
    table = attention(config, params, tape)[:, 0]
    for t, written, weight in zip(found.step, found.written, found.weight, strict=True):
        assert table[int(t) - 1, (int(written) - config.first_slot) // config.k_att] == weight
    assert np.count_nonzero(table) == np.count_nonzero(found.weight)


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"without": ("values",)}, ConfigError, "without holds values, but should hold some of value, key"),
        ({"x": np.zeros((8, 1, 3))}, ShapeError, r"x has shape \(8, 1, 3\), but should have \(T, 3\): one sequence"),
        ({"dy": np.zeros((7, 2))}, ShapeError, r"dy has shape \(7, 2\), but should have \(8, 2\)"),
        ({"x": np.full((8, 3), np.nan)}, NonFiniteError, "x holds NaN"),
        ({"dy": np.full((8, 2), np.nan)}, NonFiniteError, "dy holds NaN"),
        ({"dy": np.zeros((8, 2), "float32")}, DTypeError, "dy has dtype float32, but should have float64"),
        ({"h0": np.zeros(5)}, ShapeError, r"h0 has shape \(1, 5\)"),
        ({"params": {}}, ShapeError, "the parameters lack W_ih"),
    ],
)
def test_wrong_arguments_are_named(change, error, says):
    config = SABConfig.lstm(input_size=3, hidden_size=4, output_size=2)
    params, (x, dy, _, _) = drawn(config, 0)
    with pytest.raises(error, match=says):
        credit(**({"config": config, "params": params, "x": x, "dy": dy} | change))
