"""What the training loop asks of a model: initial parameters, outputs, gradients, and a description of itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, Self

from sabcore.array.library import Array
from sabcore.model.params import Params

#: What a model tells the log about one backward pass, by name: numbers, finite or not.
Report = dict[str, float]


class Model(Protocol):
    """A frozen record; its fields say all that it is. See `Recurrent`."""

    @property
    def kind(self) -> str:
        """The name in `MODELS`."""

    @property
    def input_size(self) -> int:
        """I."""

    @property
    def output_size(self) -> int:
        """O."""

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The name and the shape of every parameter."""

    def init(self, seed: int, dtype: str) -> Params:
        """Fresh parameters, in this order and in NumPy arrays, the same for the same seed."""

    def forward(self, params: Mapping[str, Array], x: Array) -> tuple[Array, Any]:
        """x (T,B,I) -> y (T,B,O), and what `backward` needs."""

    def backward(self, params: Mapping[str, Array], tape: Any, dy: Array) -> tuple[dict[str, Array], Report]:
        """dy (T,B,O) -> the gradient of each parameter by name, and a report for the log."""

    def to_dict(self) -> dict[str, Any]:
        """Every field, JSON-ready."""

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Self:
        """The model of which `to_dict` gave the fields; ConfigError if they are not its own."""
