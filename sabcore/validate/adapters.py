"""Adapters: a PyTorch module, a JAX function or a program in any language, as an implementation for `sab validate`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from sabcore.model.config import SABConfig
from sabcore.validate.process import TIME_LIMIT, Peer
from sabcore.validate.question import Question
from sabcore.validate.target import Implementation


def torch_module(
    build: Callable[[dict[str, Any]], Any],
    state: Callable[[Mapping[str, Any]], Mapping[str, Any]],
    batch_first: bool = False,
    output: Callable[[Any], Any] = lambda found: found,
) -> Implementation:
    """A `torch.nn.Module` as an implementation.

    Args:
        build: the module for a config; in float64 afterwards.
        state: the spec's parameters as tensors, by name -> the module's own, by the names of its state dict, made from
            them by any PyTorch function: `p["W_m"].T`, `torch.cat((p["V_h"], p["V_s"]), 1)`, `0 * p["b"]`. Gradients
            find their way back through the same functions.
        batch_first: whether x and y are (B,T,...), not (T,B,...).
        output: y out of what the module returns, where that is more than y.
    """

    def implementation(config: dict[str, Any], params: Mapping[str, np.ndarray], x: Any, dy: Any) -> dict[str, Any]:
        import torch

        with torch.random.fork_rng(devices=[]):  # its weights are replaced: drawing them is no matter of the program
            module = build(config).double()
        leaves = {name: torch.tensor(value, requires_grad=True) for name, value in {**params, "x": x}.items()}
        inputs = leaves["x"].transpose(0, 1) if batch_first else leaves["x"]
        own = dict(state({name: leaf for name, leaf in leaves.items() if name != "x"}))
        unknown = sorted(set(own) - set(module.state_dict()))
        if unknown:
            raise KeyError(f"the module has no {', '.join(unknown)}; it has {', '.join(module.state_dict())}")
        y = output(torch.func.functional_call(module, own, (inputs,)))
        y = y.transpose(0, 1) if batch_first else y
        grads = torch.autograd.grad((y * torch.tensor(dy)).sum(), list(leaves.values()), allow_unused=True)
        return {"y": y} | {f"grad.{name}": grad for name, grad in zip(leaves, grads, strict=True)}

    return implementation


def jax_function(function: Callable[..., Any]) -> Implementation:
    """`function(config, params, x) -> y`, differentiable by JAX, as an implementation in float64."""

    def implementation(config: dict[str, Any], params: Mapping[str, np.ndarray], x: Any, dy: Any) -> dict[str, Any]:
        import jax

        jax.config.update("jax_enable_x64", True)
        y, back = jax.vjp(lambda params, x: function(config, params, x), dict(params), x)
        dparams, dx = back(jax.numpy.asarray(dy))
        return {"y": y, "grad.x": dx} | {f"grad.{name}": value for name, value in dparams.items()}

    return implementation


def process(command: Sequence[str], time_limit: float = TIME_LIMIT) -> Implementation:
    """A program in any language: JSON lines on its standard input and output, tensors in safetensors files.

    It reads lines {"question": PATH, "answer": PATH}; the question holds `x`, `dy` and `param.NAME`, and the config as
    JSON in its metadata. It writes the answer, `y`, `grad.NAME` and so on, to that path, and then a line {"ok": true},
    or {"error": MESSAGE}.
    """
    peer = Peer(command, time_limit)

    def implementation(config: dict[str, Any], params: Mapping[str, np.ndarray], x: Any, dy: Any) -> dict[str, Any]:
        return peer.ask(Question(SABConfig.from_dict(config), dict(params), x, dy)).tensors

    return implementation
