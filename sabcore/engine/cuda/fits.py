"""What the kernels can carry, and whether they work here at all."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from operator import itemgetter
from typing import Any

import numpy as np

from sabcore.array.library import Array, array_module
from sabcore.compare.report import failures
from sabcore.compare.tensors import compare, largest
from sabcore.compare.tolerance import measured_floors
from sabcore.engine import plain
from sabcore.engine.cuda import launch, run
from sabcore.engine.cuda.build import MOST_THREADS, WARP, make_build
from sabcore.engine.results import by_name
from sabcore.model.config import SABConfig
from sabcore.model.params import init_params
from sabcore.text import error_line

#: Two engines that agree no better than this, in parts of a tensor's largest value, are not the same function, not
#: even in float32, unless rounding alone moves a right result further.
AGREEMENT = 1e-3
#: So many random sequences are looked at for two that rounding does not blind: `released`, for one, can amplify it
#: beyond any check. Two: where scores nearly tie, engines may rightly read different slots, which is as good as never
#: so in both.
SEEDS, TRIALS = 8, 2
#: A tensor whose allowance is widened more than so many times is no check: an error of one percent would pass.
BLIND = 5
#: More slots than this are not ranked by counting every pair of them, as is done where k_top exceeds a warp.
MOST_COUNTED = 2048

_verdicts: dict[tuple[SABConfig, str, int], str | None] = {}


def why_not(config: SABConfig, x: Array) -> str | None:
    """Why the kernels cannot run `config` on x (T,B,I), in half a sentence; None if they can."""
    limit, N = launch.shared_limit(), config.slots_before(len(x))
    if make_build(config, x.dtype, limit) is None:
        return (
            f"hidden_size {config.hidden_size} and attention_size {config.A} in {x.dtype} need more than a block's "
            f"{MOST_THREADS:,} threads, 8 for each hidden unit, or its {limit:,} bytes of shared memory"
        )
    if max(config.k_top or 0, config.k_back or 0) >= WARP and N > MOST_COUNTED:
        return f"they are slow at ranking more than {WARP} of more than {MOST_COUNTED:,} slots"
    return _tried(config, array_module(x), str(x.dtype), limit)


def _tried(config: SABConfig, xp: Any, dtype: str, limit: int) -> str | None:
    """What goes wrong when a model's kernels are compiled and run on a few steps, None if nothing does.

    Tried once for each model, unless memory was short: that passes.
    """
    key = config, dtype, limit
    if key in _verdicts:
        return _verdicts[key]
    try:
        verdict = None
        for given, floors in trials(config, dtype):
            there = {name: xp.asarray(value) for name, value in given.items()}
            found, wanted = (results_of(engine, config, there) for engine in (run, plain))
            wrong = disagreements(found, wanted, floors)
            verdict = wrong[0] if wrong else None
            if verdict is None:
                break
    except Exception as error:  # whatever a broken installation raises
        verdict = f"they do not run: {error_line(error, longest=160)}"
        if isinstance(error, MemoryError) or "out of memory" in str(error).lower().replace("_", " "):
            return verdict
    _verdicts[key] = verdict
    return verdict


def trials(config: SABConfig, dtype: str) -> list[tuple[dict[str, np.ndarray], dict[str, float]]]:
    """Two trials, with the floors that rounding, measured, asks for: of `SEEDS` those with the fewest blind tensors."""
    run, seen = partial(results_of, plain, config), []
    for seed in range(SEEDS):
        given = trial(config, dtype, seed)
        floors = measured_floors(run, given, AGREEMENT, dtype)
        sizes = {name: largest(value) for name, value in run(given).items()}
        blind = sum(0 < BLIND * size < floors[name] for name, size in sizes.items())
        seen.append((blind, given, floors))
        if sum(count == 0 for count, *_ in seen) == TRIALS:
            break
    return [(given, floors) for _, given, floors in sorted(seen, key=itemgetter(0))[:TRIALS]]


def trial(config: SABConfig, dtype: str, seed: int) -> dict[str, np.ndarray]:
    """Random parameters by name, and x, dy, h0 and c0: a few steps, more than a warp has threads."""
    T, rng = 3 * WARP // 2, np.random.default_rng(seed)
    state = 2, config.hidden_size
    shapes = {"x": (T, 2, config.input_size), "h0": state, "c0": state, "dy": (T, 2, config.output_size)}
    drawn = {name: rng.standard_normal(shape).astype(dtype) for name, shape in shapes.items()}
    return init_params(config, seed, dtype) | drawn


def results_of(engine: Any, config: SABConfig, given: Mapping[str, Array]) -> dict[str, Array]:
    """The output and all gradients that an engine finds for a trial, by name."""
    params = {name: value for name, value in given.items() if name not in ("x", "h0", "c0", "dy")}
    y, tape = engine.forward(config, params, given["x"], given["h0"], given["c0"])
    return by_name(y, tape, engine.backward(config, params, tape, given["dy"]))


def disagreements(found: Mapping[str, Array], wanted: Mapping[str, Array], floors: Mapping[str, float]) -> list[str]:
    """Half a sentence for each tensor that is not what it should be, by more than what rounding is measured to do."""
    reports = compare(found, wanted, AGREEMENT, floors)
    return [f"on a few steps they are wrong in {failure}" for failure in failures(reports)]
