"""One test vector: a model, what goes into it, and what must come out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from sabcore.model.config import SABConfig


@dataclass(frozen=True, kw_only=True, eq=False)
class Vector:
    """What one `sab-vectors` file holds.

    Attributes:
        config: the model; fields that do not apply to it hold their defaults.
        x, dy: (T,B,I) the inputs, (T,B,O) the loss's gradient with respect to `y`.
        params: the parameters by name, as `param_shapes(config)` lists them.
        h0, c0: (B,H) the initial state; None is zeros.
        expected: what the model must compute, by the spec's names: `y`, `grad.x`, `grad.NAME` for each parameter,
            and any of `h`, `s`, `c`, `grad.h0`, `grad.c0`. Empty before it has been computed.

    Source: the section "Vector files" of the spec.
    """

    config: SABConfig
    x: np.ndarray
    dy: np.ndarray
    params: Mapping[str, np.ndarray]
    h0: np.ndarray | None = None
    c0: np.ndarray | None = None
    expected: Mapping[str, np.ndarray] = field(default_factory=dict)

    @classmethod
    def from_tensors(cls, config: SABConfig, tensors: Mapping[str, np.ndarray]) -> Vector:
        """The record of a file's tensors, which `lint_tensors` has let pass."""
        inputs = {name: tensors.get(name) for name in ("h0", "c0")}
        params = {name.removeprefix("param."): value for name, value in tensors.items() if name.startswith("param.")}
        given = {"x", "dy", *inputs, *(f"param.{name}" for name in params)}
        expected = {name: value for name, value in tensors.items() if name not in given}
        return cls(config=config, x=tensors["x"], dy=tensors["dy"], params=params, expected=expected, **inputs)

    def forward_only(self) -> Vector:
        """The same without the gradients that it expects."""
        kept = {name: value for name, value in self.expected.items() if not name.startswith("grad.")}
        return replace(self, expected=kept)

    def tensors(self) -> dict[str, np.ndarray]:
        """Every array by its name in the file."""
        return dict(self._named())

    def _named(self) -> Iterator[tuple[str, np.ndarray]]:
        yield from (("x", self.x), ("dy", self.dy))
        yield from ((name, value) for name, value in (("h0", self.h0), ("c0", self.c0)) if value is not None)
        yield from ((f"param.{name}", value) for name, value in self.params.items())
        yield from self.expected.items()
