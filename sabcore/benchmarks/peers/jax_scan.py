"""SAB in JAX: `lax.scan` under `jit`, over a memory of fixed size of which a mask shows the slots written so far."""

from __future__ import annotations

from typing import Any

from sabcore import SABConfig

from ..workload import Workload
from .base import Entrant, Grads, Run, not_installed, only_paper

#: The score of a slot that is not there yet; finite, so that no gradient becomes NaN.
ABSENT = -1e30


def jax_scan() -> Entrant:
    """The entrant, on JAX's default device."""
    return Entrant(
        name="jax-scan",
        title="JAX SAB, lax.scan under jit",
        missing=not_installed("jax"),
        refuses=only_paper,
        prepare=_prepare,
    )


def _prepare(workload: Workload) -> Run:
    """Compiled ahead of time, for these shapes."""
    import jax

    with jax.enable_x64(workload.x.dtype == "float64"):
        x, dy = jax.numpy.asarray(workload.x), jax.numpy.asarray(workload.dy)
        p = {name: jax.numpy.asarray(value) for name, value in workload.params.items()}
        compiled = jax.jit(_make_gradients(workload.config)).lower(p, x, dy).compile()

    def run() -> Grads:
        with jax.enable_x64(workload.x.dtype == "float64"):
            return jax.block_until_ready(compiled(p, x, dy))

    return run


def _make_gradients(config: SABConfig) -> Any:
    import jax

    def gradients(p: Any, x: Any, dy: Any) -> dict[str, Any]:
        y, pullback = jax.vjp(lambda p, x: _forward(config, p, x), p, x)
        dp, dx = pullback(dy)
        return {"y": y, "x": dx} | dp

    return gradients


def _forward(config: SABConfig, p: Any, x: Any) -> Any:
    """x (T,B,I) -> y (T,B,O)."""
    import jax
    import jax.numpy as jnp

    (T, B, _), N = x.shape, len(x) // config.k_att
    xz = x @ p["W_ih"].T + p["b"]
    state = jnp.zeros((B, config.hidden_size), x.dtype)
    memory = jnp.zeros((N, B, config.hidden_size), x.dtype), jnp.zeros((N, B, config.A), x.dtype)
    step = _make_step(config, p)
    _, (h, s) = jax.lax.scan(step, (state, state, *memory), (jnp.arange(1, T + 1), xz))
    return h @ p["V_h"].T + s @ p["V_s"].T + p["d"]


def _make_step(config: SABConfig, p: Any) -> Any:
    """The step (h (B,H), c (B,H), M (N,B,H), keys (N,B,A)), (t, xz (B,4H)) -> the same again, (h, s)."""
    import jax
    import jax.numpy as jnp

    def step(carry: Any, inputs: Any) -> Any:
        (h, c, M, keys), (t, xz) = carry, inputs
        if config.k_trunc:
            cut = (t > 1) & ((t - 1) % config.k_trunc == 0)
            h, c = (jnp.where(cut, jax.lax.stop_gradient(state), state) for state in (h, c))
        z_i, z_f, z_g, z_o = jnp.split(xz + h @ p["W_hh"].T, 4, axis=-1)
        c = jax.nn.sigmoid(z_f) * c + jax.nn.sigmoid(z_i) * jnp.tanh(z_g)
        hhat = jax.nn.sigmoid(z_o) * jnp.tanh(c)
        s = _read(config, p, hhat, M, keys, (t - 1) // config.k_att)
        h = hhat + s
        return (h, c, *_append(config, p, h, M, keys, t)), (h, s)

    return step


def _read(config: SABConfig, p: Any, hhat: Any, M: Any, keys: Any, N: Any) -> Any:
    """The summary s (B,H) of the first N slots."""
    import jax
    import jax.numpy as jnp

    a = jnp.tanh(keys + hhat @ p["W_q"].T) @ p["w_a"]
    a = jnp.where(jnp.arange(len(M))[:, None] < N, a, ABSENT)
    best, slots = jax.lax.top_k(a.T, min((config.k_top or 0) + 1, len(M)))
    last = jnp.clip(N, 1, best.shape[1]) - 1
    v = jax.nn.relu(best - jax.lax.dynamic_slice_in_dim(best, last, 1, axis=1))
    w = v / (v.sum(axis=1, keepdims=True) + config.eps)
    return jnp.einsum("br,brh->bh", w, M[slots, jnp.arange(M.shape[1])[:, None]])


def _append(config: SABConfig, p: Any, h: Any, M: Any, keys: Any, t: Any) -> tuple[Any, Any]:
    """M and keys with h as slot t / k_att, if step t writes one."""
    import jax.numpy as jnp

    j, writes = t // config.k_att - 1, t % config.k_att == 0
    M = M.at[j].set(jnp.where(writes, h, M[j]))
    return M, keys.at[j].set(jnp.where(writes, h @ p["W_m"].T, keys[j]))
