"""Builds a mutant: imports the engine afresh from sources in which one line is wrong."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import sabcore
from tests.mutants.catalogue import Mutant

ROOT = Path(sabcore.__file__).parent
#: What is imported afresh: the mutated modules and all that hold references into them. Errors stay shared.
AFRESH = ("sabcore.model", "sabcore.step", "sabcore.engine")


class Engine(NamedTuple):
    """A wrong engine's doors: its own SABConfig, forward and backward."""

    config: Any
    forward: Callable[..., Any]
    backward: Callable[..., Any]


class _MutatedSource(MetaPathFinder, Loader):
    """Finds `sabcore` modules in the package's folder and changes one of them while it is loaded."""

    def __init__(self, mutant: Mutant | None) -> None:
        self.mutant = mutant

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        if not fullname.startswith(AFRESH):
            return None
        place = ROOT.joinpath(*fullname.split(".")[1:])
        if place.is_dir():
            inside = place / "__init__.py"
            return spec_from_file_location(fullname, inside, loader=self, submodule_search_locations=[str(place)])
        return spec_from_file_location(fullname, place.with_suffix(".py"), loader=self)

    def create_module(self, spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        file = Path(module.__file__ or "")
        source = file.read_text(encoding="utf-8")
        if self.mutant and file == ROOT / self.mutant.file:
            assert source.count(self.mutant.old) == 1, f"{self.mutant.name}: the line to change must stand once"
            source = source.replace(self.mutant.old, self.mutant.new)
        exec(compile(source, str(file), "exec"), module.__dict__)


@contextmanager
def _fresh_modules(mutant: Mutant | None) -> Iterator[None]:
    kept = {name: sys.modules.pop(name) for name in list(sys.modules) if name.startswith(AFRESH)}
    attributes = {name: value for name, value in vars(sabcore).items() if f"sabcore.{name}" in AFRESH}
    finder = _MutatedSource(mutant)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if name.startswith(AFRESH)]:
            del sys.modules[name]
        sys.modules.update(kept)
        for name in [name for name in vars(sabcore) if f"sabcore.{name}" in AFRESH]:
            delattr(sabcore, name)
        vars(sabcore).update(attributes)


def build(mutant: Mutant | None) -> Engine:
    """The plain engine with `mutant`'s mistake in it; None builds the engine as it is."""
    with _fresh_modules(mutant):
        config = importlib.import_module("sabcore.model.config")
        engine = importlib.import_module("sabcore.engine")
        plain = importlib.import_module("sabcore.engine.plain")
        engine._module = lambda name: plain  # type: ignore[attr-defined]  # loaded on use, when the mistake is gone
    return Engine(config.SABConfig, engine.forward, engine.backward)
