"""One small vector that passes, and files made of it with something wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sabcore import SABConfig
from sabcore.array.files import encode
from sabcore.vectors import Vector, write
from sabcore.vectors.check import recompute
from sabcore.vectors.make import draw
from sabcore.vectors.model import write_config


@pytest.fixture(scope="session")
def vector() -> Vector:
    """T = 7, B = 2, I = 3, H = 5, A = 6, O = 4; the expected values are the engine's own."""
    config = SABConfig.paper(input_size=3, hidden_size=5, output_size=4, attention_size=6, k_top=2, k_trunc=3)
    drawn = draw(config, T=7, B=2, seed=3)
    return replace(drawn, expected=recompute(drawn))


@pytest.fixture
def good(tmp_path: Path, vector: Vector) -> Path:
    """The file of `vector`."""
    write(tmp_path / "good.safetensors", vector)
    return tmp_path / "good.safetensors"


@pytest.fixture
def foreign(tmp_path: Path, vector: Vector) -> Callable[..., Path]:
    """Writes the file that a stranger would: changed tensors (None leaves one out), config keys, metadata or JSON."""

    def make(
        tensors: dict[str, np.ndarray | None] | None = None,
        config: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
        text: str | None = None,
    ) -> Path:
        arrays = {name: value for name, value in {**vector.tensors(), **(tensors or {})}.items() if value is not None}
        fields = {**json.loads(write_config(vector.config)), **(config or {})}
        said = {"format": "sab-vectors", "version": "1", "config": json.dumps(fields) if text is None else text}
        said = {name: value for name, value in {**said, **(metadata or {})}.items() if value is not None}
        path = tmp_path / "foreign.safetensors"
        path.write_bytes(encode(arrays, said))
        return path

    return make
