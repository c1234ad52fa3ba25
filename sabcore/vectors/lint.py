"""Everything that can be wrong with a vector file before any of it is computed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from sabcore.array.checks import all_finite
from sabcore.array.files import describe_tensors, read_tensors
from sabcore.errors import FormatError
from sabcore.model.config import SABConfig
from sabcore.text import one_line
from sabcore.vectors.container import DTYPES, check_header
from sabcore.vectors.model import read_config, tensor_shapes
from sabcore.vectors.record import Vector

#: What a file's metadata may say of its format.
FORMAT = {"format": ("sab-vectors",), "version": ("1", "2")}
Described = Mapping[str, tuple[str, tuple[int, ...]]]


def lint(path: str | os.PathLike) -> list[str]:
    """What is wrong with the file at `path`, one line per finding; an empty list if nothing is."""
    return examine(path)[1]


def examine(path: str | os.PathLike) -> tuple[Vector | None, list[str]]:
    """The vector in the file at `path` and an empty list, or None and the findings."""
    path = Path(path)
    try:
        if path.is_file():
            check_header(path)
        described, metadata = describe_tensors(path)
        if findings := lint_metadata(metadata):
            return None, _tidy(findings)
        config = read_config(metadata["config"], metadata["version"])
        findings = lint_tensors(config, described)
        tensors = {} if findings else read_tensors(path)[0]
    except FormatError as error:
        return None, _tidy([str(error).replace(f"{path} ", "it ", 1)])
    findings += _lint_values(tensors)
    return (None, _tidy(findings)) if findings else (Vector.from_tensors(config, tensors), [])


def lint_metadata(metadata: Mapping[str, str]) -> list[str]:
    """Findings about the format's name and version and the presence of a config. Other keys are the writer's own."""
    findings = [
        f"its metadata says {key} {metadata.get(key)!r}, but should say {' or '.join(map(repr, known))}"
        for key, known in FORMAT.items()
        if metadata.get(key) not in known
    ]
    return findings + ([] if "config" in metadata else ["its metadata holds no config"])


def lint_tensors(config: SABConfig, tensors: Described) -> list[str]:
    """Findings about the names, dtypes and shapes of tensors; T and B are those of `x`. Gradients: all or none."""
    x_shape = tensors["x"][1] if "x" in tensors else ()
    if len(x_shape) != 3:
        return [f"x has shape {x_shape}, but should be (T,B,I)" if "x" in tensors else "the tensor x is missing"]
    T, B = x_shape[:2]
    if T < 1 or B < 1:
        return [f"x has shape {x_shape}, but every size should be at least 1: no step or no sequence checks nothing"]
    required, optional = tensor_shapes(config, T, B)
    forward_only = not any(name.startswith("grad.") for name in tensors)
    wanted = [name for name in required if not (forward_only and name.startswith("grad."))]
    findings = [f"the tensor {name} is missing" for name in wanted if name not in tensors]
    known = required | optional
    for name in [*(name for name in known if name in tensors), *(name for name in tensors if name not in known)]:
        findings += _lint_tensor(name, *tensors[name], known.get(name))
    return findings


def lint_vector(vector: Vector) -> list[str]:
    """What would be wrong with a file of this vector, were it written."""
    tensors = vector.tensors()
    described = {name: (DTYPES.get(str(v.dtype), str(v.dtype)), v.shape) for name, v in tensors.items()}
    return _tidy(lint_tensors(vector.config, described) or _lint_values(tensors))


def _lint_tensor(name: str, dtype: str, shape: tuple[int, ...], want: tuple[int, ...] | None) -> list[str]:
    if want is None:
        return [f"the tensor {name!r} does not belong to this config"]
    findings = []
    if dtype not in DTYPES.values():
        findings.append(f"{name} has dtype {dtype!r}, but should have one of {', '.join(DTYPES.values())}")
    if shape != want:
        findings.append(f"{name} has shape {shape}, but should have {want}")
    return findings


def _lint_values(tensors: Mapping[str, np.ndarray]) -> list[str]:
    return [f"{name} holds NaN or infinite values" for name, value in tensors.items() if not all_finite(value)]


def _tidy(findings: list[str]) -> list[str]:
    """Each finding as one short line that a terminal shows as it is: no control characters from a stranger's file."""
    return [one_line(finding) for finding in findings]
