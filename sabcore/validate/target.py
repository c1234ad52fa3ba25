"""Somebody's program: loading it, calling it, and noticing what it does besides answering."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import random
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sabcore.errors import TargetError
from sabcore.text import error_line
from sabcore.validate.question import Answer, Question, Tensors

#: `implementation(config, params, x, dy, *, h0=, c0=) -> mapping`; h0 and c0 only where it takes them.
Implementation = Callable[..., Mapping[str, Any]]


def load(target: str) -> Implementation:
    """The callable that `module:callable` or `path.py:callable` names.

    Raises:
        TargetError: no such module, file or callable, or one that cannot be imported.
    """
    place, _, name = target.rpartition(":")
    if not place or not name:
        raise TargetError(f"the target is {target!r}, but should be module:callable or path.py:callable", "load")
    try:
        module = _from_file(Path(place)) if place.endswith(".py") else _from_path(place)
    except TargetError:
        raise
    except BaseException as error:
        raise TargetError(f"{place} cannot be imported: {error_line(error, 200)}", "load") from error
    found = module
    for part in name.split("."):
        found = getattr(found, part, None)
    if not callable(found):
        raise TargetError(f"{place} has no callable {name}", "load")
    return found


def _from_path(name: str) -> Any:
    sys.path.insert(0, "")
    return importlib.import_module(name)


def _from_file(path: Path) -> Any:
    """A module from its file; its neighbours can be imported by it, as when it is run as a script."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise TargetError(f"{path} is not there, but should be a Python file", "load")
    sys.path.insert(0, str(path.resolve().parent))
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def takes_states(implementation: Implementation) -> bool:
    """Whether it has parameters named h0 and c0."""
    try:
        return {"h0", "c0"} <= set(inspect.signature(implementation).parameters)
    except (TypeError, ValueError):
        return False


def call(implementation: Implementation, question: Question) -> Answer:
    """Ask the question, with inputs of the program's own, and make NumPy arrays of what it answers.

    Raises:
        TargetError: it raised, or answered something that is no mapping from names to arrays.
    """
    arguments = {"x": question.x.copy(), "dy": question.dy.copy()}
    arguments |= {name: value.copy() for name in ("h0", "c0") if (value := getattr(question, name)) is not None}
    params, config = {name: value.copy() for name, value in question.params.items()}, question.config.to_dict()
    before, start = dict(_random_states()), time.perf_counter()
    try:
        found = implementation(config, params, **arguments)
    except MemoryError as error:
        raise TargetError("it runs out of memory", "memory") from error
    except (SystemExit, KeyboardInterrupt) as error:
        raise TargetError(f"it ends the process: {type(error).__name__}", "ended") from error
    except BaseException as error:
        raise TargetError(f"it raises {error_line(error, 200)}", "raised") from error
    answer = Answer(_tensors(found), seconds=time.perf_counter() - start)
    given = {"x": question.x, "dy": question.dy, "h0": question.h0, "c0": question.c0} | question.params
    answer.wrote = [name for name, value in {**arguments, **params}.items() if not _unchanged(value, given.get(name))]
    after = dict(_random_states())
    answer.reseeded = [name for name, state in before.items() if after[name] != state]
    return answer


def _unchanged(value: Any, original: Any) -> bool:
    return isinstance(value, np.ndarray) and np.array_equal(value, original, equal_nan=True)


def _tensors(found: Any) -> Tensors:
    if not isinstance(found, Mapping):
        raise TargetError(
            f"it answers a {type(found).__name__}, but should answer a mapping of names to arrays", "shape"
        )
    return {str(name): _array(str(name), value) for name, value in found.items() if value is not None}


def _array(name: str, value: Any) -> np.ndarray:
    """A NumPy array of an array of any library; a PyTorch tensor may require gradients and live on a device."""
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    value = np.asarray(value)
    if value.dtype.kind not in "fiu":
        raise TargetError(f"{name} is an array of {value.dtype}, but should be one of float64", "shape")
    return np.ascontiguousarray(value)


def _random_states() -> Iterator[tuple[str, Any]]:
    """The global random state of each library that is loaded, as something that can be compared."""
    yield "random", random.getstate()
    _, key, *place = np.random.get_state()  # noqa: NPY002
    yield "numpy", (np.asarray(key).tobytes(), place)
    if "torch" in sys.modules:
        yield "torch", sys.modules["torch"].get_rng_state().numpy().tobytes()
