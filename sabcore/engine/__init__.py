"""Engines: the time loops. `forward` and `backward` check their arguments and call one of them."""

from __future__ import annotations

from collections.abc import Mapping

from sabcore.backend import Array, array_module, check_array, check_params
from sabcore.config import SABConfig
from sabcore.engine import plain
from sabcore.engine.attention import attention
from sabcore.engine.plain import PlainTape
from sabcore.errors import DTypeError
from sabcore.params import param_shapes

__all__ = ["attention", "backward", "forward"]

Tape = PlainTape


def forward(
    config: SABConfig,
    params: Mapping[str, Array],
    x: Array,
    *,
    h0: Array | None = None,
    c0: Array | None = None,
) -> tuple[Array, Tape]:
    """Run the model over a sequence.

    Args:
        x: (T,B,I), NumPy or CuPy, float32, float64 or complex128; everything else must have its dtype and device.
        params: named arrays, shaped as `param_shapes(config)` says.
        h0, c0: (B,H), the initial state; zeros if not given.

    Returns:
        y (T,B,O), and the tape that `backward` needs; `tape.h`, `tape.c`, `tape.s` (T,B,H) are there to look at.

    Raises:
        ShapeError, DTypeError, NonFiniteError: naming the array, what it is and what it should be.

    Source: Ke et al., NeurIPS 2018, algorithm 1, with the choices that `config` makes explicit.
    """
    check_array("x", x, ("T", "B", config.input_size))
    check_params(params, param_shapes(config), like=x)
    xp, state = array_module(x), (x.shape[1], config.hidden_size)
    h0, c0 = (xp.zeros(state, x.dtype) if given is None else given for given in (h0, c0))
    check_array("h0", h0, state, like=x)
    check_array("c0", c0, state, like=x)
    return plain.forward(config, params, x, h0, c0)


def backward(config: SABConfig, params: Mapping[str, Array], tape: Tape, dy: Array) -> dict[str, Array]:
    """The vector-Jacobian product of `forward`, truncated as `config` says.

    Args:
        config, params: those of the forward pass.
        tape: from `forward`; it may be used again.
        dy: (T,B,O), the gradient of the loss with respect to y.

    Returns:
        Gradients by name: every parameter, and "x" (T,B,I), "h0" and "c0" (B,H).

    Raises:
        ShapeError, DTypeError, NonFiniteError: naming the array, what it is and what it should be.
    """
    if not isinstance(tape, Tape):
        raise DTypeError(f"tape is a {type(tape).__name__}, but should be the tape that forward returned")
    check_params(params, param_shapes(config), like=tape.x)
    check_array("dy", dy, (*tape.x.shape[:2], config.output_size), like=tape.x)
    return plain.backward(config, params, tape, dy)
