"""Tensors of other libraries, without a copy, by DLPack (https://dmlc.github.io/dlpack).

In: `from_dlpack(tensor)`. Out: NumPy and CuPy arrays speak DLPack themselves, so `torch.from_dlpack(y)` and
`jax.dlpack.from_dlpack(y)` are all it takes.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from sabcore.array.library import Array
from sabcore.errors import DTypeError

#: DLPack's numbers of the kinds of memory that NumPy and CuPy read: host, pinned host; CUDA, CUDA managed.
_HOST, _CUDA = (1, 3), (2, 13)


def from_dlpack(tensor: Any) -> Array:
    """A NumPy or CuPy array that shares the memory of a tensor of PyTorch, JAX, CuPy or any library with DLPack.

    A PyTorch tensor that requires gradients comes in detached: gradients are computed here, by `backward`.

    Raises:
        DTypeError: not such a tensor, or on a device that neither NumPy nor CuPy reads.
    """
    if not hasattr(tensor, "__dlpack__") or not hasattr(tensor, "__dlpack_device__"):
        raise DTypeError(f"got a {type(tensor).__name__}, but should get a tensor that speaks DLPack")
    kind = int(tensor.__dlpack_device__()[0])
    if getattr(tensor, "requires_grad", False):
        tensor = tensor.detach()
    if kind in _HOST:
        return np.from_dlpack(tensor)
    if kind in _CUDA:
        return importlib.import_module("cupy").from_dlpack(tensor)
    raise DTypeError(f"the tensor is on a device of DLPack's kind {kind}, but should be on the host or a CUDA device")
