"""What a Transformer is made of: one frozen record."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sabcore.array.checks import check_whole
from sabcore.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class TransformerConfig:
    """Sizes: `input_size` I, `hidden_size` H (the width), `output_size` O, `feed_forward_size` F (None: 4 H).

    Attributes:
        layers: how many blocks follow each other.
        heads: how many attentions each block has, side by side, of H / heads units each.

    Raises:
        ConfigError: a field that is no whole number of at least 1, or heads that do not divide H.

    Source: Vaswani et al., NeurIPS 2017 (arXiv 1706.03762); a norm before each part and not after it, as in Xiong et
    al., ICML 2020 (arXiv 2002.04745).
    """

    input_size: int
    hidden_size: int
    output_size: int
    layers: int = 2
    heads: int = 4
    feed_forward_size: int | None = None

    def __post_init__(self) -> None:
        for name in ("input_size", "hidden_size", "output_size", "layers", "heads"):
            check_whole(name, getattr(self, name), 1)
        if self.feed_forward_size is not None:
            check_whole("feed_forward_size", self.feed_forward_size, 1)
        if self.hidden_size % self.heads:
            raise ConfigError(f"heads is {self.heads}, but should divide hidden_size, {self.hidden_size}")

    @property
    def F(self) -> int:
        """Units of the feed-forward layer."""
        return 4 * self.hidden_size if self.feed_forward_size is None else self.feed_forward_size

    def to_dict(self) -> dict[str, Any]:
        """Every field by name, JSON-ready."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> TransformerConfig:
        """The configuration of these fields; those with a default may be missing.

        Raises:
            ConfigError: an unknown field, a missing one, or a bad value.
        """
        known = {field.name: field for field in dataclasses.fields(cls)}
        if unknown := sorted(set(fields) - set(known)):
            raise ConfigError(f"a transformer has no field {', '.join(unknown)}; its fields are {', '.join(known)}")
        required = [name for name, field in known.items() if field.default is dataclasses.MISSING]
        if missing := [name for name in required if name not in fields]:
            raise ConfigError(f"a transformer needs {', '.join(missing)}")
        return cls(**fields)
