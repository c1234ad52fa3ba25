"""The house's plan, held: arrows between rooms run down only, modules form no circle, and each has its tests."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.imports import ROOT, imported_by, module_name, sources

#: The rooms of sabcore/ from top to bottom: one may import those on lower floors, and none on its own. `sabcore` is the
#: package's own door, what a user imports.
FLOORS = [
    {"__main__"},
    {"cli"},
    {"demos", "benchmarks", "exercise", "reproduce"},
    {"trace", "validate", "proofs"},
    {"vectors", "train", "torch", "jax"},
    {"sabcore"},
    {"engine", "transformer"},
    {"compare"},
    {"step"},
    {"model"},
    {"array"},
    {"errors", "text"},
    {"reference"},
]
#: Stands alone, for what it computes is to be compared with the rest.
ALONE = {"reference"}
MODULES = {module_name(file): file for file in sources("sabcore")}
#: A module and its package belong together, and are no arrow.
ARROWS = {
    name: {other for other in imported_by(file) if other in MODULES and not f"{name}.".startswith(f"{other}.")}
    for name, file in MODULES.items()
}


def room(module: str) -> str:
    """The room that a module lies in: `engine` for sabcore.engine.cpu.topk."""
    return [*module.split("."), "sabcore"][1] if module != "sabcore" else "sabcore"


def upward(arrows: dict[str, set[str]]) -> list[str]:
    """The arrows between rooms that do not run down."""
    floor = {name: number for number, names in enumerate(FLOORS) for name in names}
    between = [(a, b) for a, targets in arrows.items() for b in targets if room(a) != room(b)]
    return [f"{a} -> {b}" for a, b in between if not floor[room(a)] < floor[room(b)] or room(a) in ALONE]


def circle(arrows: dict[str, set[str]]) -> list[str]:
    """Modules that import each other in a circle; none if there is none."""
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_every_room_stands_on_a_floor():
    assert {room(module) for module in MODULES} == set().union(*FLOORS)


def test_no_arrow_runs_up():
    assert upward(ARROWS) == []


def test_no_modules_import_each_other_in_a_circle():
    assert circle(ARROWS) == []


@pytest.mark.parametrize(
    ("module", "other"),
    [
        ("sabcore.step.lstm", "sabcore.engine.plain"),
        ("sabcore.engine.topk", "sabcore"),
        ("sabcore.train.loop", "sabcore.vectors.check"),
        ("sabcore.reference.autograd", "sabcore.errors"),
        ("sabcore.model.config", "sabcore.reference.autograd"),
    ],
)
def test_an_arrow_that_runs_up_or_across_is_found(module, other):
    wrong = upward({module: {other}})
    assert wrong == ([f"{module} -> {other}"] if other != "sabcore.reference.autograd" else [])


def test_a_circle_is_found():
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}})
    assert not circle({"a": {"b", "c"}, "b": {"c"}, "c": set()})


#: Modules that `is_tested` denies, which this list may only lose: their tests stand elsewhere, or are to come.
NOT_YET_MIRRORED = """
sabcore.benchmarks.cpu sabcore.benchmarks.duels sabcore.benchmarks.gpu.limits sabcore.benchmarks.gpu.picture
sabcore.benchmarks.growth sabcore.benchmarks.peers sabcore.benchmarks.peers.base sabcore.benchmarks.peers.engine
sabcore.benchmarks.peers.jax_scan sabcore.benchmarks.peers.torch_cached sabcore.benchmarks.peers.torch_compiled
sabcore.benchmarks.peers.torch_graph sabcore.benchmarks.peers.torch_listed sabcore.benchmarks.peers.torch_lstm
sabcore.benchmarks.peers.torch_paper sabcore.benchmarks.peers.torch_sab sabcore.benchmarks.picture
sabcore.benchmarks.race sabcore.benchmarks.threads sabcore.benchmarks.workload
""".split()


def mirror(file: Path) -> Path:
    """Where the tests of a module of sabcore stand."""
    inside = file.relative_to(ROOT / "sabcore")
    return ROOT / "tests" / inside.parent / ("test_init.py" if file.name == "__init__.py" else f"test_{file.name}")


def passes_on(file: Path) -> bool:
    """Whether a file holds nothing of its own: a docstring, imports and `__all__`."""
    return all(
        isinstance(node, ast.Import | ast.ImportFrom)
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        or (isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__")
        for node in ast.parse(file.read_text(encoding="utf-8")).body
    )


def is_table(file: Path) -> bool:
    """Whether a file is data: it names values, and no function, class or command is in it."""
    code = ast.FunctionDef | ast.ClassDef | ast.Lambda | ast.If | ast.For | ast.With | ast.Try
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return not any(isinstance(node, code) for node in ast.walk(tree))


def is_tested(module: str) -> bool:
    """By tests of its own path, or, if it is a table, by those of a module that imports it; nothing needs none."""
    file = MODULES[module]
    if passes_on(file) or mirror(file).exists():
        return True
    users = [name for name, targets in ARROWS.items() if module in targets or module.rpartition(".")[0] == name]
    return is_table(file) and any(mirror(MODULES[name]).exists() for name in users)


def test_every_module_has_its_tests():
    without = {name for name in MODULES if not is_tested(name)}
    assert without - set(NOT_YET_MIRRORED) == set(), "a module without a test file of the same path"
    assert set(NOT_YET_MIRRORED) - without == set(), "has one now, or is gone: take it off the list"


def test_tests_of_the_same_path_hold_tests():
    for file in MODULES.values():
        if (twin := mirror(file)).exists():
            names = [node.name for node in ast.walk(ast.parse(twin.read_text())) if isinstance(node, ast.FunctionDef)]
            assert any(name.startswith("test_") for name in names), twin
