"""Builds a wrong engine: the plain engine's own modules once more, with some of their lines changed or parts replaced.

The copies live beside the package's modules, which stay as they are: each copy imports its companions from the other
copies. Only what the plain engine is made of is copied.
"""

from __future__ import annotations

import builtins
import importlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import CodeType, ModuleType, SimpleNamespace
from typing import Any, NamedTuple

import sabcore
from sabcore.validate.mistakes.record import Change, Mistake

ROOT = Path(sabcore.__file__).parent
#: The modules that are copied: the plain engine and all that its results depend on.
COPIED = (
    "sabcore.model.config",
    "sabcore.model.slots",
    "sabcore.step.",
    "sabcore.engine.truncation",
    "sabcore.engine.plain",
)


class Engine(NamedTuple):
    """A wrong engine: its own SABConfig, and `forward` and `backward` as `sabcore.engine.plain` has them."""

    config: Any
    forward: Callable[..., Any]
    backward: Callable[..., Any]


def build(mistakes: Sequence[Mistake] = (), definitions: Mapping[str, str] | None = None) -> Engine:
    """The plain engine with these mistakes in it; without any, the engine as it is.

    `definitions`: by file, source text that runs at its end: what it defines takes the place of the file's own.

    Raises:
        ValueError: a line to be changed that does not stand exactly once in its file, as when two mistakes change it.
    """
    copies = Copies([change for mistake in mistakes for change in mistake.changes], definitions or {})
    parts = SimpleNamespace(
        plain=copies.load("sabcore.engine.plain"),
        config=copies.load("sabcore.model.config"),
        score=copies.load("sabcore.step.score"),
        sparsify=copies.load("sabcore.step.sparsify"),
        recall=copies.load("sabcore.step.recall"),
    )
    for mistake in mistakes:
        if mistake.replace is not None:
            mistake.replace(parts)
    return Engine(parts.config.SABConfig, parts.plain.forward, parts.plain.backward)


class Copies:
    """Loads copies of modules, in which `import` finds copies of all that begin with one of `copied` first."""

    def __init__(
        self, changes: Sequence[Change], definitions: Mapping[str, str], copied: tuple[str, ...] = COPIED
    ) -> None:
        self.changes, self.definitions, self.copied = changes, definitions, copied
        self.modules: dict[str, ModuleType] = {}
        self.builtins = {**vars(builtins), "__import__": self._import}

    def load(self, name: str) -> ModuleType:
        if name not in self.modules:
            importlib.import_module(name)  # dataclasses look their module up by its name
            module = ModuleType(name)
            module.__dict__["__builtins__"] = self.builtins
            self.modules[name] = module
            place = "/".join(name.split(".")[1:])
            file = f"{place}/__init__.py" if (ROOT / place).is_dir() else f"{place}.py"
            exec(_compiled(file, tuple(change for change in self.changes if change.file == file)), module.__dict__)
            if file in self.definitions:
                exec(compile(self.definitions[file], "<definitions>", "exec"), module.__dict__)
        return self.modules[name]

    def _import(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: Sequence[str] = (),
        level: int = 0,
    ) -> ModuleType:
        if fromlist and not level and name.startswith(self.copied):
            return self.load(name)
        return __import__(name, globals, locals, fromlist, level)


@cache
def source(file: str) -> str:
    """The text of one of the package's files."""
    return (ROOT / file).read_text(encoding="utf-8")


@cache
def _compiled(file: str, changes: tuple[Change, ...]) -> CodeType:
    text = source(file)
    for change in changes:
        if text.count(change.old) != 1:
            raise ValueError(
                f"{file}: {change.old!r} should stand exactly once, but stands {text.count(change.old)} times"
            )
        text = text.replace(change.old, change.new)
    return compile(text, str(ROOT / file), "exec")
