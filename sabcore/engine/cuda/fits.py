"""What the kernels can carry, and whether they work here at all."""

from __future__ import annotations

import functools
from typing import Any

from sabcore.array.library import Array, array_module
from sabcore.engine import plain
from sabcore.engine.cuda.card import shared_limit
from sabcore.engine.cuda.plan import backward_room, forward_room, make_build, make_plan
from sabcore.model.config import SABConfig
from sabcore.model.params import init_params

#: Two engines that agree no better than this on five steps are not the same function, not even in float32.
AGREEMENT = 1e-3


def why_not(config: SABConfig, x: Array) -> str | None:
    """Why the kernels cannot run `config` on x (T,B,I), in half a sentence; None if they can."""
    build, plan = make_build(config, x.dtype), make_plan(config, len(x), x.dtype)
    itemsize, limit = x.dtype.itemsize, shared_limit(array_module(x))
    needed = max(of(build, plan, itemsize, limit)[1].bytes for of in (forward_room, backward_room))
    if needed > limit:
        return (
            f"hidden_size {build.H}, attention_size {build.U} and k_top {config.k_top} in {x.dtype} need "
            f"{needed:,} bytes of shared memory, and a block has {limit:,}"
        )
    return trouble(config, array_module(x), str(x.dtype))


@functools.cache
def trouble(config: SABConfig, xp: Any, dtype: str) -> str | None:
    """What goes wrong when the kernels of a model are compiled and run on five steps, None if nothing does; tried once.

    It costs little more than the compilation, which a longer sequence does not need again.
    """
    try:
        from sabcore.engine.cuda import run  # here, because Numba's CUDA target may be missing or broken

        params = {name: xp.asarray(value) for name, value in init_params(config, dtype=dtype).items()}
        found, wanted = _results(run, xp, config, params, dtype), _results(plain, xp, config, params, dtype)
        errors = [abs(found[name] - want).max().item() for name, want in wanted.items()]
        return None if max(errors) < AGREEMENT else f"they are off by {max(errors):.1e} on five steps"
    except Exception as error:  # whatever a broken installation raises
        return f"they do not run: {type(error).__name__}: {error}"


def _results(engine: Any, xp: Any, config: SABConfig, params: dict[str, Array], dtype: str) -> dict[str, Array]:
    """The output and all gradients of `engine` for a sequence of five ones."""
    state = xp.zeros((1, config.hidden_size), dtype)
    y, tape = engine.forward(config, params, xp.ones((5, 1, config.input_size), dtype), state, state)
    return {"y": y, **engine.backward(config, params, tape, xp.ones(y.shape, dtype))}
