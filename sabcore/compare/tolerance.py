"""What rounding does to a result, measured: how far it moves when every input moves by one unit in the last place.

Rounding inside a program acts like changes of its inputs by an ulp or so. Moving them says how far nearly tied scores,
a sum that cancels, or a long product amplify that, without a formula for each of these. Two right programs agree to a
small multiple of it. Where that is more than a comparison allows, the tensor's scale is widened, and by no more:

    floor = SENSITIVITY max(spread, eps L) / allowed,   at most CAP L / allowed

with L the largest value of the tensors of its kind, gradients or others. `eps L` is one rounding of the largest number
that may have cancelled on the way: what is left of an exact cancellation depends on the order of a sum, and an input's
ulp need not move it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from sabcore.array.library import on_host
from sabcore.compare.tensors import Tensors, largest

EPS = float(np.finfo(np.float64).eps)
#: How many times its spread a right result may be off. Over thousands of random models, the engine, autograd and the
#: complex step stay within 31.
SENSITIVITY = 64
#: How far a tolerance may be widened, as a part of the largest value of that kind. A threshold divides scores, rounded
#: by some eps, by S, which is larger than 1e-7: a few times 1e-9, times SENSITIVITY. In float32 that is no bound any
#: more, and half a percent is where a wrong formula begins.
CAP = {"float64": 1e-6, "float32": 5e-3}

Run = Callable[[dict[str, np.ndarray]], Tensors]


def ulp_moves(tensors: Tensors, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Every element moved up or down by eps times itself; a zero stays zero, so that an exact tie stays one."""
    return {name: value * (1 + EPS * rng.choice((-1.0, 1.0), value.shape)) for name, value in tensors.items()}


def spread(run: Run, inputs: Tensors, base: Tensors, draws: int = 4) -> dict[str, float]:
    """How far float64 rounding moves each result of `run(inputs)`, which is `base`: the largest change of an element
    over `draws` of `ulp_moves`."""
    found, rng = dict.fromkeys(base, 0.0), np.random.default_rng(0)
    for _ in range(draws):
        again = run(ulp_moves(inputs, rng))
        with np.errstate(invalid="ignore"):
            found = {name: max(found[name], largest(on_host(again[name]) - value)) for name, value in base.items()}
    return found


def measured_floors(
    run: Run, inputs: Tensors, allowed: float | Mapping[str, float], dtype: str = "float64", draws: int = 4
) -> dict[str, float]:
    """The floors that `compare` takes: 0 for a tensor that rounding moves by less than is allowed.

    Args:
        run: a right program, which computes named results of named inputs; what is measured is its problem, not it.
        inputs: of the case that is compared.
        allowed: more than 0, as `compare` gets it: for all tensors or by name.
        dtype: what the results to be compared were computed in; a unit in the last place is larger in float32.
    """
    inputs = {name: np.asarray(value, np.float64) for name, value in inputs.items()}
    base = {name: on_host(value) for name, value in run(dict(inputs)).items()}
    moved, units = spread(run, inputs, base, draws), float(np.finfo(dtype).eps) / EPS
    cap, floors = CAP[str(np.finfo(dtype).dtype)], {}
    bars = allowed if isinstance(allowed, Mapping) else dict.fromkeys(base, allowed)
    for name, bar in ((name, bars[name]) for name in base if name in bars):
        size, most = largest(base[name]), _largest_of_kind(base, name)
        within = size > 0 and SENSITIVITY * units * moved[name] <= bar * size
        widened = min(SENSITIVITY * units * max(moved[name], EPS * most), cap * most) / bar
        floors[name] = 0.0 if within else widened
    return floors


def _largest_of_kind(results: Tensors, like: str) -> float:
    """The largest value among the gradients, if `like` names one, or among the other results; no infinite one."""
    kind = like.startswith("grad.")
    sizes = [largest(value) for name, value in results.items() if name.startswith("grad.") == kind]
    return max((size for size in sizes if math.isfinite(size)), default=0.0)
