"""Runs `plain.md` and `truncation.md` together, on fifty digits: the whole gradient of short sequences.

The page's gradient of every tensor, in random directions, is the difference quotient of the loss in which all that was
cut is a recorded constant; and the plain engine's gradient is the page's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mpmath
import numpy as np

from sabcore.engine import plain
from sabcore.model.config import SABConfig
from sabcore.model.params import param_shapes
from sabcore.proofs.digits import STEP, Digits, exact, largest
from sabcore.proofs.engine.by_page import ByPage
from sabcore.proofs.engine.loop import Pass, Setup, backward, forward
from sabcore.proofs.evaluate import Run
from sabcore.proofs.half import page_lines

_SIZES: dict[str, Any] = {
    "input_size": 2,
    "hidden_size": 2,
    "output_size": 1,
    "attention_size": 1,
    "k_top": 1,
    "eps": 0.01,
}
T = 4
#: Each reads: of one slot alone a threshold reads nothing, so there are two before the last step.
CONFIGS = {
    "full": SABConfig(**_SIZES, k_att=1),
    "segments of 2, every second step a slot": SABConfig(
        **_SIZES, k_att=2, k_trunc=2, segment_offset=1, memory_start="zero_state"
    ),
    "sliding, 2 steps, reminded 1": SABConfig(**_SIZES, k_att=1, k_trunc=2, k_remind=1, truncation="sliding"),
    "sliding, 2 steps, reminded without end": SABConfig(
        **_SIZES, k_att=1, k_trunc=None, k_remind=2, truncation="sliding", memory_start="zero_state"
    ),
}


def draw(config: SABConfig, seed: int) -> dict[str, Any]:
    """Random float64 parameters, x (T,I), h0, c0 (H) and dy (T,O), of one batch row."""
    rng = np.random.default_rng(seed)
    shapes = param_shapes(config) | {"x": (T, config.input_size), "dy": (T, config.output_size)}
    shapes |= {"h0": (config.hidden_size,), "c0": (config.hidden_size,)}
    return {name: rng.standard_normal(shape) for name, shape in shapes.items()}


def setup_of(config: SABConfig, values: Mapping[str, Any], numbers: Digits | None = None) -> Setup:
    numbers = numbers or Digits()
    slots = config.slots_before(T + 1)
    return Setup(config, T, numbers, ByPage(numbers, config, values, slots).functions())


def _inputs(config: SABConfig, values: Mapping[str, Any]) -> dict[str, Any]:
    """As the loop takes them: row t is step t."""
    first = np.full_like(values["x"][:1], mpmath.mpf(0))
    no_weights = np.full(config.A, mpmath.mpf(0), dtype=object)
    return {
        "x": np.concatenate([first, values["x"]]), "h0": values["h0"], "c0": values["c0"],
        "key_shape": (config.A,), "no_weights": no_weights,
    }  # fmt: skip


def loss(config: SABConfig, values: Mapping[str, Any], detached: Pass | None = None) -> Any:
    """The sum of y dy."""
    made = forward(setup_of(config, values), _inputs(config, values), detached)
    return sum(np.sum(y * dy) for y, dy in zip(made.y, values["dy"], strict=True))


def gradients(config: SABConfig, values: Mapping[str, Any]) -> dict[str, Any]:
    """Of every parameter, x, h0 and c0, by the pages alone."""
    setup, inputs = setup_of(config, values), _inputs(config, values)
    made = forward(setup, inputs)
    dy = np.concatenate([np.full_like(values["dy"][:1], mpmath.mpf(0)), values["dy"]])
    end = backward(setup, inputs, made, dy)
    dh0, dc0 = end.values["dh"].sum(axis=0), end.values["dc"].sum(axis=0)
    if (j := setup.wrote(0)) is not None:
        dh0 = dh0 + end.values["dM"][j] + setup.functions["key*"](end, end.values["dK"][j])
    return {"h0": dh0, "c0": dc0, "w_a": end.values["dweights"], **_over_steps(setup, values, made, end)}


def _over_steps(setup: Setup, values: Mapping[str, Any], made: Pass, end: Run) -> dict[str, Any]:
    """The gradients that are one product over all steps, by the pages' lines with an index for the step."""
    steps = range(1, setup.T + 1)
    h, s, hhat = np.array(made.h[-1][1:]), made.runs[0].values["s"][1:], made.runs[0].values["hhat"][1:]
    dz, dq = (np.array([end.values[f"all_{name}"][t].sum(axis=0) for t in steps]) for name in ("dz", "dq"))
    slots = [setup.config.first_slot + j * setup.config.k_att for j in range(setup.slots)]
    products = [
        ("step/lstm", "L.1", {**values, "dz": dz, "h": np.array(made.h[-1][:-1])}, "dx dW_ih dW_hh db"),
        ("step/score", "A.2", {**values, "dq": dq, "hhat": hhat}, "dW_q"),
        ("step/readout", "Y.1", {**values, "h": h, "s": s}, "dV_h dV_s dd"),
        (
            "step/score",
            "A.1",
            {**values, "dk": end.values["dK"], "m": np.array([made.h[-1][t] for t in slots])},
            "dW_m",
        ),
    ]
    found: dict[str, Any] = {}
    for page, tag, given, names in products:
        axes = {name: "t" for name in ("x", "h", "s", "hhat", "dz", "dq", "dy", "dx", "dh", "ds", "dhhat")}
        axes |= {"dk": "j", "m": "j", "dm": "j"}
        run = Run(setup.numbers, given, axes, {"t": setup.T, "j": setup.slots})
        after = run.lines(page_lines(page, tag, starred=True)[-1:]).values
        found |= {name[1:]: after[name] for name in names.split()}
    return found


def error_of(config: SABConfig, values: Mapping[str, Any], seed: int) -> Any:
    """The largest |page - difference quotient| / |either| over random directions, one for each tensor."""
    rng, step = np.random.default_rng(seed), mpmath.mpf(STEP)
    recorded = forward(setup_of(config, values), _inputs(config, values))
    worst = mpmath.mpf(0)
    for name, gradient in gradients(config, values).items():
        direction = exact(rng.standard_normal(gradient.shape))
        above, below = (
            loss(config, {**values, name: values[name] + sign * step * direction}, recorded) for sign in (1, -1)
        )
        got, want = np.sum(gradient * direction), (above - below) / (2 * step)
        worst = max(worst, abs(got - want) / max(abs(got), abs(want), mpmath.mpf("1e-10")))
    return worst


def engine_errors(config: SABConfig, values: Mapping[str, Any], seed: int) -> dict[str, tuple[Any, Any]]:
    """By tensor: |engine - page|, and 8 times what one-ulp changes of the inputs do to the page."""
    page = gradients(config, {name: exact(value) for name, value in values.items()})
    rng, spread = np.random.default_rng(seed), {name: mpmath.mpf(0) for name in page}
    for _ in range(2):
        ulps = {n: v * (1 + rng.choice([-1, 1], v.shape) * np.finfo(float).eps) for n, v in values.items()}
        moved = gradients(config, {name: exact(value) for name, value in ulps.items()})
        spread = {name: max(spread[name], largest(moved[name] - page[name])) for name in page}
    params = {name: value for name, value in values.items() if name not in ("x", "dy", "h0", "c0")}
    _, tape = plain.forward(config, params, values["x"][:, None], values["h0"][None], values["c0"][None])
    engine = plain.backward(config, params, tape, values["dy"][:, None])
    rows = {**engine, "x": engine["x"][:, 0], "h0": engine["h0"][0], "c0": engine["c0"][0]}
    return {name: (largest(exact(rows[name]) - page[name]), 8 * spread[name]) for name in page}
