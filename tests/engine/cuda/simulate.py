"""Run the kernels in Numba's simulator and compare; `python -m tests.engine.cuda.simulate GROUP` prints JSON.

A group is a preset, all its cases of `tests.cases`; or `edges`, `topk` or `mutants`. The output maps each case to the
scaled error of each tensor. The simulator is a matter of a process's first import of Numba, hence a process of its own.
"""

from __future__ import annotations

import tests.engine.cuda.simulator  # noqa: F401  # isort: skip  # before anything that imports Numba

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any
from unittest import mock

import numpy as np

from sabcore import SABConfig, init_params
from sabcore.engine import plain
from sabcore.engine.cuda import launch, run
from sabcore.engine.cuda import plan as plans
from sabcore.engine.cuda.largest import largest
from sabcore.engine.rules import THRESHOLD
from sabcore.engine.topk import topk
from tests.cases import CASES, SIZES, Inputs, random_inputs
from tests.oracle import allowance, errors

Errors = dict[str, float]
#: Rounding of two right float64 programs is near 1e-14 on these cases.
ALLOWED = 1e-10
#: Enough threads for several to share a column and for some to be left over, few enough to be quick.
THREADS = 16
#: A small model's weights are to be found in all three places: so many numbers in registers, so many bytes shared.
REGISTERS, SHARED_BYTES = 8, 6000
SLIDING: dict[str, Any] = {"truncation": "sliding", "k_trunc": 3, "k_remind": 2}


def results(engine: Any, config: SABConfig, params: Mapping[str, np.ndarray], inputs: Inputs) -> dict[str, np.ndarray]:
    """All that an engine computes, by name."""
    y, tape = engine.forward(config, params, inputs.x, inputs.h0, inputs.c0)
    found = {"y": y, "h": tape.h, "c": tape.c, "hhat": tape.hhat} | ({"s": tape.s} if config.has_memory else {})
    return found | {f"grad.{name}": value for name, value in engine.backward(config, params, tape, inputs.dy).items()}


def compare(
    config: SABConfig,
    T: int = 8,
    *,
    threads: int = THREADS,
    shared_bytes: int = SHARED_BYTES,
    registers: int = REGISTERS,
    dtype: str = "float64",
    prepare: Callable[[dict[str, np.ndarray]], object] = lambda params: None,
    **wrong: Any,
) -> Errors:
    """The kernels against the plain engine; `prepare` changes the parameters in place, `wrong` the kernels' plan."""
    params, inputs = init_params(config, seed=1, dtype="float64"), random_inputs(config, seed=2, T=T)
    prepare(params)
    params, inputs = {name: p.astype(dtype) for name, p in params.items()}, Inputs(*(i.astype(dtype) for i in inputs))

    def make_plan(*args: Any) -> plans.Plan:
        return plans.make_plan(*args)._replace(**wrong)

    with (
        np.errstate(all="ignore"),
        mock.patch.multiple(run, make_plan=make_plan, shared_limit=lambda xp: shared_bytes),
        mock.patch.multiple(plans, THREADS=threads, HELD_REGISTERS=dict.fromkeys(plans.HELD_REGISTERS, registers)),
    ):
        found = results(run, config, params, inputs)
    wanted = results(plain, config, params, inputs)
    assert found.keys() == wanted.keys()
    assert all(value.dtype == dtype for value in found.values())
    return errors(found, wanted)


def small(preset: str, **fields: Any) -> SABConfig:
    """A preset in the sizes of `tests.cases`."""
    return SABConfig.preset(
        preset, **{**SIZES, **({} if preset in ("self_attention", "lstm") else {"k_top": 3}), **fields}
    )


def saturate(params: dict[str, np.ndarray], key: float, query: float) -> None:
    """Each unit of a key moves by about `key`, of a query by about `query`: the sum matters, not the parts.

    The cell is made to keep one unit at nearly 1, so that every state holds a constant for W_m and W_q to multiply.
    """
    params["W_ih"][[0, 5, 10, 15]] = params["W_hh"][[0, 5, 10, 15]] = 0
    params["b"][[0, 5, 10, 15]] = 40.0, -40.0, 40.0, 40.0
    constant = np.tanh(1.0)
    params["W_m"][:, 0], params["W_q"][:, 0] = key / constant, query / constant


def tie(params: dict[str, np.ndarray]) -> None:
    """All scores are zero: every slot ties with every other."""
    params["w_a"][:] = 0


def edges() -> dict[str, Errors]:
    """What no preset's case reaches."""
    found = {f"{preset},T={T}": compare(small(preset), T) for preset in ("paper", "dev2018", "lstm") for T in (1, 2)}
    found["no slot is ever written"] = compare(small("paper", k_att=9))
    found["more threads than anything else"] = compare(small("paper"), threads=64)
    for H, room in ((11, 2800), (19, 4000), (40, 9000)):
        for preset in ("paper", "released", "lstm"):
            found[f"{preset}, H={H}"] = compare(small(preset, hidden_size=H), 4, shared_bytes=room)
    for name, room in (("all weights in shared memory", 48 * 1024), ("lists and weights in global memory", 0)):
        found[name] = compare(small("self_attention"), shared_bytes=room)
        found[f"sliding, {name}"] = compare(small("paper", **SLIDING), shared_bytes=room)
    found["sixteen units and more"] = compare(small("paper", attention_size=67), 5)
    for preset in ("dev2018", "paper"):
        found[f"{preset}, all scores tie"] = compare(small(preset, k_top=2), prepare=tie)
    found["float32"] = compare(small("paper", k_trunc=3), dtype="float32")
    for dtype, key, query in (("float32", 60.0, -59.5), ("float64", 400.0, -399.5)):
        config = small("self_attention", k_att=3)
        found[f"{dtype}, far keys"] = compare(config, dtype=dtype, prepare=lambda p: saturate(p, key, query))  # noqa: B023
    return found


def topk_cases() -> dict[str, Errors]:
    """The stand-alone kernel against the CPU's; ties, NaN and infinities included."""
    rng, found = np.random.default_rng(0), {}
    special = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0])
    for n, k in ((1, 1), (7, 3), (40, 40), (40, 50), (300, 2), (900, 9), (700, 30)):
        for name, rows in (
            ("random", rng.standard_normal((2, n))),
            ("tied", rng.integers(0, 4, (2, n)).astype(float)),
            ("special", rng.choice(special, (2, n))),
        ):
            with mock.patch.object(launch, "THREADS", THREADS):
                indices, values = largest(rows, min(k, n))
            same = np.array_equal(indices, topk(rows, k)[0]) and indices.dtype == np.int64
            same = same and np.array_equal(values, np.take_along_axis(rows, indices, 1), equal_nan=True)
            found[f"{name}, {k} of {n}"] = {"indices": 0.0 if same else float("inf")}
    return found


def mutants() -> dict[str, Errors]:
    """Kernels with one thing wrong. Each must be off."""
    ninth, tenth = np.float64(0.9), np.float64(0.1)
    found = {
        "segments are shifted": compare(small("paper", k_trunc=3), segment_offset=1),
        "nothing is cut": compare(small("paper", k_trunc=3), k_trunc=0),
        "the other rank": compare(small("paper"), rank=3),
        "another eps": compare(small("paper"), eps=tenth),
        "another margin": compare(small("paper"), margin=tenth),
        "another temperature": compare(small("self_attention"), temperature=ninth),
        "small memories by the threshold": compare(small("dev2018"), small_memory=THRESHOLD),
        "the score's gradient is dropped": compare(small("paper"), score_grad=0),
        "slots are credited as losses are": compare(small("paper", **SLIDING), slot_level=2),
        "losses are credited as slots are": compare(small("paper", **SLIDING), loss_level=1),
        "sliding gradients are not cut": compare(small("paper", **SLIDING), bounded=0),
        "no key is far": compare(
            small("self_attention", k_att=3),
            dtype="float32",
            prepare=lambda params: saturate(params, 60.0, -59.5),
            key_limit=np.float32(1e9),
        ),
    }
    for where in ("backward", "credit"):
        with mock.patch(f"sabcore.engine.cuda.{where}.feature_slope", return_value=1.0):
            found[f"the slope of tanh is forgotten in {where}"] = compare(small("released", k_trunc=3))
    return found


def group(name: str) -> dict[str, Errors]:
    """The errors of all cases of a group."""
    special = {"edges": edges, "topk": topk_cases, "mutants": mutants}
    if name in special:
        return special[name]()
    return {str(case): weighed(case.config) for case in CASES if case.preset == name}


def weighed(config: SABConfig) -> Errors:
    """`compare`, less where rounding alone moves the oracle's result by more than `ALLOWED`: a gradient that is zero
    but for rounding, as that of a separable score's query under softmax, can be compared with nothing."""
    params, inputs = init_params(config, seed=1, dtype="float64"), random_inputs(config, seed=2, T=8)
    allowed = allowance(config, params, inputs, ALLOWED)
    return {name: error * ALLOWED / allowed.get(name, ALLOWED) for name, error in compare(config).items()}


if __name__ == "__main__":
    assert launch.SIMULATED
    json.dump(group(sys.argv[1]), sys.stdout)
