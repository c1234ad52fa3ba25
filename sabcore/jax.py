"""SAB as a JAX function: forward and backward are this engine's, called back on the host (`jax.pure_callback`).

`jax.grad`, `jax.jit` and `jax.vmap` work around it; `vmap` calls it once an element, in order. It keeps no state
between the passes: its backward runs the forward pass again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from sabcore.engine import backward, forward
from sabcore.errors import ConfigError, DTypeError, ShapeError
from sabcore.model.config import SABConfig
from sabcore.model.params import param_shapes

try:
    import jax
    import jax.numpy as jnp
except ImportError as error:
    raise ImportError("sabcore.jax needs JAX: pip install 'sabcore[jax]'") from error

__all__ = ["sab"]


def sab(config: SABConfig, engine: str = "auto") -> Callable[..., Any]:
    """The function of `config`: `f(params, x, h0=None, c0=None) -> y`, which `jax.grad` and `jax.vjp` differentiate.

    `params` holds arrays by name, shaped as `param_shapes(config)` says; x (T,B,I), h0 c0 (B,H) or None (zeros) -> y
    (T,B,O). All have one dtype, float32 or float64. `engine` is "auto", "plain" or "cpu", as for `sabcore.forward`.

    Raises, when called:
        DTypeError: another dtype, or float64 while JAX is set to turn it into float32.
        ShapeError: naming the array, what it is and what it should be.
    """

    if not isinstance(config, SABConfig):
        raise ConfigError(f"config is a {type(config).__name__}, but should be a SABConfig")

    @jax.custom_vjp
    def on_host(params: Mapping[str, Any], x: Any, h0: Any, c0: Any) -> Any:
        T, B, _ = x.shape
        result = jax.ShapeDtypeStruct((T, B, config.output_size), x.dtype)
        return jax.pure_callback(_forward, result, params, x, h0, c0, vmap_method="sequential")

    def keep(params: Mapping[str, Any], x: Any, h0: Any, c0: Any) -> tuple[Any, tuple[Any, ...]]:
        return on_host(params, x, h0, c0), (params, x, h0, c0)

    def vjp(kept: tuple[Any, ...], dy: Any) -> tuple[Any, ...]:
        result = jax.tree.map(lambda a: jax.ShapeDtypeStruct(a.shape, a.dtype), kept)
        return jax.pure_callback(_backward, result, *kept, dy, vmap_method="sequential")

    def _forward(params: Mapping[str, Any], x: Any, h0: Any, c0: Any) -> np.ndarray:
        return _run(params, x, h0, c0)[0]

    def _backward(params: Mapping[str, Any], x: Any, h0: Any, c0: Any, dy: Any) -> tuple[Any, ...]:
        _, tape, named = _run(params, x, h0, c0)
        grads = backward(config, named, tape, np.asarray(dy))
        return {name: grads[name] for name in params}, grads["x"], grads["h0"], grads["c0"]

    def _run(params: Mapping[str, Any], x: Any, h0: Any, c0: Any) -> tuple[Any, ...]:
        named = {name: np.asarray(value) for name, value in params.items()}
        y, tape = forward(config, named, np.asarray(x), h0=np.asarray(h0), c0=np.asarray(c0), engine=engine)
        return y, tape, named

    on_host.defvjp(keep, vjp)

    def checked(params: Mapping[str, Any], x: Any, h0: Any = None, c0: Any = None) -> Any:
        _check(config, params, x, h0, c0)
        zeros = jnp.zeros((x.shape[1], config.hidden_size), x.dtype)
        return on_host(dict(params), x, zeros if h0 is None else h0, zeros if c0 is None else c0)

    return checked


def _check(config: SABConfig, params: Mapping[str, Any], x: Any, h0: Any, c0: Any) -> None:
    """Shapes and dtypes, before anything is traced: inside the callback an error would be JAX's, pages long."""
    shapes = param_shapes(config)
    if not isinstance(params, Mapping) or not hasattr(x, "shape"):
        raise ShapeError(
            f"got a {type(params).__name__} and a {type(x).__name__}, but should get parameters by name and x"
        )
    if set(params) != set(shapes):
        raise ShapeError(f"the parameters are {', '.join(params)}, but should be {', '.join(shapes)}")
    if x.ndim != 3 or x.shape[2] != config.input_size or 0 in x.shape:
        raise ShapeError(f"x has shape {x.shape}, but should have (T, B, {config.input_size}), every size at least 1")
    state = (x.shape[1], config.hidden_size)
    wanted = {**{name: (params[name], shape) for name, shape in shapes.items()}, "x": (x, x.shape)}
    wanted |= {name: (value, state) for name, value in (("h0", h0), ("c0", c0)) if value is not None}
    for name, (value, shape) in wanted.items():
        if tuple(value.shape) != tuple(shape):
            raise ShapeError(f"{name} has shape {tuple(value.shape)}, but should have {tuple(shape)}")
        if value.dtype != x.dtype or str(value.dtype) not in ("float32", "float64"):
            raise DTypeError(f"{name} has dtype {value.dtype}, but should have float32 or float64, that of x")
    if str(x.dtype) == "float64" and not jax.config.jax_enable_x64:
        raise DTypeError("x is float64, which JAX turns into float32 here; jax.config.update('jax_enable_x64', True)")
