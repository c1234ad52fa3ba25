"""SAB as a PyTorch module: forward and backward are this engine's, not autograd's.

One operator a sequence, `torch.ops.sabcore.forward`, with its shapes (`register_fake`) and its gradient
(`register_autograd`) declared, so that modules around it, optimisers, `torch.compile` and `opcheck` treat it like an
operator of PyTorch's own. Nothing is aliased and nothing is mutated. It keeps no state between the passes: its backward
runs the forward pass again: one forward pass more a training step, for being safe to call in any order, any number of
times, and under compilation.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sabcore.array.dlpack import from_dlpack
from sabcore.engine import backward, forward
from sabcore.errors import ConfigError, DTypeError, ShapeError
from sabcore.model.config import SABConfig
from sabcore.model.files import lstm_from_torch
from sabcore.model.params import init_params, param_shapes

try:
    import torch
    from torch import Tensor
except ImportError as error:
    raise ImportError("sabcore.torch needs PyTorch: pip install 'sabcore[torch]'") from error

__all__ = ["SAB"]


class SAB(torch.nn.Module):
    """A model of `config` whose parameters bear the spec's names: W_ih (4H,I), W_hh (4H,H), b (4H,), ...

    Args:
        config: what the model computes.
        seed: of `init_params`.
        engine: "auto", "plain", "cpu" or "cuda", as `sabcore.forward`.
        device, dtype: of the parameters, float32 or float64.

    Source: as `sabcore.forward`.
    """

    def __init__(
        self,
        config: SABConfig,
        *,
        seed: int = 0,
        engine: str = "auto",
        device: torch.device | str | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        if not isinstance(config, SABConfig):
            raise ConfigError(f"config is a {type(config).__name__}, but should be a SABConfig")
        if dtype not in (torch.float32, torch.float64):
            raise DTypeError(f"dtype is {dtype}, but should be torch.float32 or torch.float64")
        self.config, self.engine = config, engine
        # What the operator takes, made once: the compiler cannot look into either.
        self._fields, self._names = json.dumps(config.to_dict()), tuple(param_shapes(config))
        for name, value in init_params(config, seed, "float64").items():
            self.register_parameter(name, torch.nn.Parameter(torch.as_tensor(value, dtype=dtype, device=device)))

    def forward(self, x: Tensor, h0: Tensor | None = None, c0: Tensor | None = None) -> Tensor:
        """x (T,B,I), h0 c0 (B,H) or None (zeros) -> y (T,B,O).

        Raises:
            ShapeError, DTypeError, NonFiniteError: naming the tensor, what it is and what it should be.
        """
        if not isinstance(x, Tensor) or x.ndim != 3:
            got = tuple(x.shape) if isinstance(x, Tensor) else type(x).__name__
            raise ShapeError(f"x is {got}, but should be a tensor (T, B, {self.config.input_size})")
        zeros = x.new_zeros(x.shape[1], self.config.hidden_size)
        h0, c0 = zeros if h0 is None else h0, zeros if c0 is None else c0
        return _forward(x, h0, c0, [getattr(self, name) for name in self._names], self._fields, self.engine)

    def extra_repr(self) -> str:
        """What `print(module)` shows."""
        return ", ".join(f"{name}={value!r}" for name, value in self.config.to_dict().items())

    def load_lstm(self, lstm: torch.nn.Module) -> None:
        """Take W_ih, W_hh and b from an `nn.LSTM` (one layer, one direction) or `nn.LSTMCell`.

        Raises:
            ShapeError: a module of other sizes, or of more than one layer or direction.
        """
        for name, value in lstm_from_torch(lstm.state_dict()).items():
            own = getattr(self, name)
            with torch.no_grad():
                own.copy_(_fits(name, torch.as_tensor(value), own))

    def lstm_state(self) -> dict[str, Tensor]:
        """W_ih, W_hh and b as the state dict of an `nn.LSTM`, all of the bias in `bias_ih_l0`."""
        b = self.b.detach()
        return {
            "weight_ih_l0": self.W_ih.detach().clone(),
            "weight_hh_l0": self.W_hh.detach().clone(),
            "bias_ih_l0": b.clone(),
            "bias_hh_l0": torch.zeros_like(b),
        }


def _fits(name: str, value: Tensor, own: Tensor) -> Tensor:
    if value.shape != own.shape:
        raise ShapeError(f"{name} has shape {tuple(value.shape)}, but should have {tuple(own.shape)}")
    return value


# The operators. Lists, texts and tensors only: that is what a PyTorch operator's signature can say.


@torch.library.custom_op("sabcore::forward", mutates_args=())
def _forward(x: Tensor, h0: Tensor, c0: Tensor, params: Sequence[Tensor], config: str, engine: str) -> Tensor:
    """x (T,B,I), h0 c0 (B,H), params in the order of `param_shapes` -> y (T,B,O)."""
    return _as_tensor(_run(x, h0, c0, params, config, engine)[0])


@_forward.register_fake
def _(x: Tensor, h0: Tensor, c0: Tensor, params: Sequence[Tensor], config: str, engine: str) -> Tensor:
    return x.new_empty(x.shape[0], x.shape[1], json.loads(config)["output_size"])


@torch.library.custom_op("sabcore::backward", mutates_args=())
def _backward(
    dy: Tensor, x: Tensor, h0: Tensor, c0: Tensor, params: Sequence[Tensor], config: str, engine: str
) -> list[Tensor]:
    """dy (T,B,O), and what `_forward` had -> the gradients of x, h0, c0 and of each of `params`, shaped like them."""
    _, tape, fields, named = _run(x, h0, c0, params, config, engine)
    grads = backward(fields, named, tape, from_dlpack(dy.detach()))
    return [_as_tensor(grads[name]) for name in ("x", "h0", "c0", *named)]


@_backward.register_fake
def _(
    dy: Tensor, x: Tensor, h0: Tensor, c0: Tensor, params: Sequence[Tensor], config: str, engine: str
) -> list[Tensor]:
    return [tensor.new_empty(tensor.shape) for tensor in (x, h0, c0, *params)]


def _keep(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    x, h0, c0, params, ctx.config, ctx.engine = inputs
    ctx.save_for_backward(x, h0, c0, *params)


def _vjp(ctx: Any, dy: Tensor) -> tuple[Any, ...]:
    x, h0, c0, *params = ctx.saved_tensors
    dx, dh0, dc0, *dparams = _backward(dy, x, h0, c0, params, ctx.config, ctx.engine)
    return dx, dh0, dc0, dparams, None, None


_forward.register_autograd(_vjp, setup_context=_keep)


def _run(x: Tensor, h0: Tensor, c0: Tensor, params: Sequence[Tensor], config: str, engine: str) -> tuple[Any, ...]:
    """The forward pass on arrays that share the tensors' memory -> y, tape, the config, the parameters by name."""
    fields = SABConfig.from_dict(json.loads(config))
    named = {name: from_dlpack(p) for name, p in zip(param_shapes(fields), params, strict=True)}
    y, tape = forward(fields, named, from_dlpack(x), h0=from_dlpack(h0), c0=from_dlpack(c0), engine=engine)
    return y, tape, fields, named


def _as_tensor(array: Any) -> Tensor:
    """A tensor of an array that nobody else holds."""
    return torch.from_dlpack(array)
