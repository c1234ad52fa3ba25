"""What the kernels can carry, and whether they work here at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sabcore.array.library import Array, array_module
from sabcore.compare.report import failures
from sabcore.compare.tensors import compare, largest
from sabcore.engine import plain
from sabcore.engine.cuda import launch, run
from sabcore.engine.cuda.build import MOST_THREADS, WARP, make_build
from sabcore.engine.results import by_name
from sabcore.model.config import SABConfig
from sabcore.model.params import init_params
from sabcore.text import error_line

#: Two engines that agree no better than this, in parts of a tensor's largest value, are not the same function, not
#: even in float32. A tensor below `FLOOR` times the largest of all is measured by that: it may be rounding and no more.
AGREEMENT, FLOOR = 1e-3, 1e-2
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

    Tried once for each model, unless memory was short: that passes. Two seeds: where two scores nearly tie, engines
    may rightly read different slots, which is as good as never so in both.
    """
    key = config, dtype, limit
    if key in _verdicts:
        return _verdicts[key]
    try:
        verdict = None
        for seed in range(2):
            wrong = disagreements(*_both(config, xp, dtype, seed))
            verdict = wrong[0] if wrong else None
            if verdict is None:
                break
    except Exception as error:  # whatever a broken installation raises
        verdict = f"they do not run: {error_line(error, longest=160)}"
        if isinstance(error, MemoryError) or "out of memory" in str(error).lower().replace("_", " "):
            return verdict
    _verdicts[key] = verdict
    return verdict


def disagreements(found: Mapping[str, Array], wanted: Mapping[str, Array]) -> list[str]:
    """Half a sentence for each tensor that is not what it should be."""
    floor = FLOOR * max(map(largest, wanted.values()))
    reports = compare(found, wanted, AGREEMENT, dict.fromkeys(wanted, floor))
    return [f"on a few steps they are wrong in {failure}" for failure in failures(reports)]


def _both(config: SABConfig, xp: Any, dtype: str, seed: int) -> tuple[dict[str, Array], dict[str, Array]]:
    """The output and all gradients of two random sequences: of the kernels, and of the plain engine."""
    T, rng = 3 * WARP // 2, np.random.default_rng(seed)
    params = {name: xp.asarray(value) for name, value in init_params(config, seed, dtype).items()}
    shapes = [(T, 2, config.input_size), (2, config.hidden_size), (2, config.hidden_size), (T, 2, config.output_size)]
    x, h0, c0, dy = (xp.asarray(rng.standard_normal(shape).astype(dtype)) for shape in shapes)
    results = []
    for engine in (run, plain):
        y, tape = engine.forward(config, params, x, h0, c0)
        results.append(by_name(y, tape, engine.backward(config, params, tape, dy)))
    return results[0], results[1]
