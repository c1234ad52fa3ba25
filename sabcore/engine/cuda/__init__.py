"""The CUDA engine: a whole sequence forward in one kernel launch, and back in another, a block for each batch row.

Its signature is the plain engine's, and it is right when it equals it. Kernels are CUDA C++, compiled by NVRTC when
they are first needed; arrays are CuPy's, float32 or float64. What the kernels cannot carry goes to the plain engine,
on the same arrays, with one warning. `docs/cuda.md` explains the design.

run, tape, pack          a pass: the products over all steps, what is kept between passes, how weights are laid out
build, records, source   what kernels are compiled for, what they are given, what they are made from
launch, largest          compiles and launches them; the stand-alone top-k
fits                     whether they can run a model, and whether they work here at all
*.cu                     forward and backward, the kernels; their parts, each forward beside its backward
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping

from sabcore.array.library import Array
from sabcore.engine import plain
from sabcore.engine.cuda import run
from sabcore.engine.cuda.fits import why_not
from sabcore.engine.cuda.tape import CudaTape
from sabcore.model.config import SABConfig

__all__ = ["CudaTape", "attention", "backward", "forward", "why_not"]

_said: set[str] = set()


def forward(
    config: SABConfig, params: Mapping[str, Array], x: Array, h0: Array, c0: Array
) -> tuple[Array, CudaTape | plain.PlainTape]:
    """x (T,B,I), h0 c0 (B,H) -> y (T,B,O), tape. The arguments are checked already.

    Warns once for each reason why the plain engine had to stand in; the tape is then that engine's.
    """
    if reason := why_not(config, x):
        _say_once(reason)
        return plain.forward(config, params, x, h0, c0)
    return run.forward(config, params, x, h0, c0)


def backward(
    config: SABConfig, params: Mapping[str, Array], tape: CudaTape | plain.PlainTape, dy: Array
) -> dict[str, Array]:
    """dy (T,B,O) -> the gradients of every parameter, of x (T,B,I), and of h0 and c0 (B,H)."""
    if isinstance(tape, plain.PlainTape):
        return plain.backward(config, params, tape, dy)
    return run.backward(config, params, tape, dy)


def attention(config: SABConfig, params: Mapping[str, Array], tape: CudaTape | plain.PlainTape) -> Array:
    """Every step's weights as a table (T,B,N): the plain engine's, run again; scores that nearly tie may differ."""
    if isinstance(tape, CudaTape):
        _, tape = plain.forward(config, params, tape.x, tape.h_all[0], tape.c_all[0])
    return plain.attention(config, params, tape)


def _say_once(reason: str) -> None:
    if reason not in _said:
        _said.add(reason)
        warnings.warn(f"the slower plain engine stands in for the CUDA kernels: {reason}", RuntimeWarning, stacklevel=4)
