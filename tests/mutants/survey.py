"""Which small changes of the source does no test notice? cosmic-ray's mutations, each run in a forked child.

    pip install cosmic-ray==8.7.0
    python -m tests.mutants.survey step engine compare vectors --every 1 --out survey.json

A child takes over what the parent has imported (NumPy, PyTorch, pytest) and imports sabcore anew, with one module's
source changed in memory; no file is touched. The tests of `TESTS` run until the first failure. What survives is listed
in survivors.md, killed by a better test or explained. Not collected by pytest: it takes an hour on a
busy core.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import resource
import signal
import sys
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType
from typing import Any

ROOT = Path(__file__).parents[2]
#: Per subject: its files, and the tests that are quick and ought to notice, in the order of a kill's likelihood.
_STEPS = [
    "tests/vectors/test_catalogue.py",
    "tests/step",
    "tests/engine/test_truncation.py",
    "tests/engine/test_results.py",
]
SUBJECTS = {
    "step": (["sabcore/step"], _STEPS),
    "engine": (
        ["sabcore/engine/plain.py", "sabcore/engine/truncation.py", "sabcore/engine/results.py"],
        [*_STEPS, "tests/engine/test_plain.py"],
    ),
    "compare": (
        ["sabcore/compare"],
        ["tests/compare/test_tensors.py", "tests/compare/test_report.py", "tests/compare/test_tolerance.py"],
    ),
    "vectors": (
        [f"sabcore/vectors/{name}.py" for name in "check container cost format lint make model record report".split()],
        ["tests/vectors", "tests/cli/test_vectors.py"],
    ),
}
#: One replacement for each operator, of the eleven that cosmic-ray knows, and every other kind of change.
BINARY = "Add_Sub Sub_Add Mul_Div Div_Mul FloorDiv_Mul Mod_Mul Pow_Mul BitAnd_BitOr MatMul_Mul".split()
COMPARISON = "Eq_NotEq NotEq_Eq Lt_LtE LtE_Lt Gt_GtE GtE_Gt Is_IsNot IsNot_Is".split()
OTHER = (
    "AddNot ReplaceTrueWithFalse ReplaceFalseWithTrue ReplaceAndWithOr ReplaceOrWithAnd ReplaceBreakWithContinue "
    "ReplaceUnaryOperator_USub_UAdd ReplaceUnaryOperator_Delete_Not ExceptionReplacer NumberReplacer "
    "RemoveDecorator ZeroIterationForLoop"
).split()
#: Of the processor's time; what takes longer is counted as noticed, but by itself.
SECONDS = 30
#: Slow, and of the oracles alone.
LEFT_OUT = "not made_again and not oracles and not pytorch"


def operators() -> list[str]:
    """Those of cosmic-ray's names that are used here and exist in the installed version."""
    from cosmic_ray.plugins import operator_names

    wanted = [f"ReplaceBinaryOperator_{pair}" for pair in BINARY]
    wanted += [f"ReplaceComparisonOperator_{pair}" for pair in COMPARISON] + OTHER
    known = set(operator_names())
    return [f"core/{name}" for name in wanted if f"core/{name}" in known]


def changes(path: Path) -> Iterator[tuple[str, str]]:
    """What is changed and the changed source, for every change that does not only concern annotations or docstrings."""
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    source = path.read_text(encoding="utf-8")
    seen = {compile(source, str(path), "exec")}
    for name in operators():
        occurrence = 0
        while (changed := mutate_code(source, get_operator(name)(), occurrence)) is not None:
            occurrence += 1
            try:
                code = compile(changed, str(path), "exec")
            except SyntaxError:
                continue
            if code not in seen:
                seen.add(code)
                yield _first_difference(source, changed), changed


def _first_difference(source: str, changed: str) -> str:
    pairs = zip(source.splitlines(), changed.splitlines(), strict=False)
    number, (old, new) = next((n, pair) for n, pair in enumerate(pairs, 1) if pair[0] != pair[1])
    return f"{number}: {old.strip()} -> {new.strip()}"


class Changed(importlib.machinery.SourceFileLoader):
    """Loads one module, with other source than its file's."""

    def __init__(self, module: str, path: Path, source: str) -> None:
        super().__init__(module, str(path))
        self.source = source

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.source, self.path, "exec")


class Finder(importlib.abc.MetaPathFinder):
    """Finds that module before anybody else does."""

    def __init__(self, loader: Changed) -> None:
        self.loader = loader

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        if fullname != self.loader.name:
            return None
        return importlib.util.spec_from_file_location(fullname, self.loader.path, loader=self.loader)


def survives(path: Path, source: str, tests: list[str]) -> str:
    """`killed`, `survived` or `timeout`, by the tests in a child."""
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(1, 2)
        sys.meta_path.insert(0, Finder(Changed(module, path, source)))
        os._exit(_run(tests))
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU:
        return "timeout"
    return "survived" if status == 0 else "killed"


def _run(tests: list[str]) -> int:
    import pytest

    try:
        return int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-k", LEFT_OUT, *tests]))
    except BaseException:
        return 99


def _files(places: list[str]) -> list[Path]:
    """The modules in these folders, and the modules named."""
    found = [ROOT / place for place in places]
    return [file for path in found for file in ([path] if path.is_file() else sorted(path.rglob("*.py")))]


def survey(subject: str, every: int) -> Iterator[dict[str, str]]:
    """One row a change: file, change, outcome. With `every` = 3, each third change of a file."""
    places, tests = SUBJECTS[subject]
    present = [test for test in tests if (ROOT / test).exists()]
    for path in _files(places):
        if survives(path, path.read_text(encoding="utf-8"), present) != "survived":
            raise SystemExit(f"the tests fail without any change: {present}")
        for change, source in list(changes(path))[::every]:
            yield {"file": str(path.relative_to(ROOT)), "change": change, "outcome": survives(path, source, present)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("subjects", nargs="+", choices=SUBJECTS)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    for module in ("hypothesis", "numba", "pytest", "rich.table", "safetensors.numpy", "torch"):  # for the children
        importlib.import_module(module)
    rows = []
    for subject in given.subjects:
        for row in survey(subject, given.every):
            rows.append(row)
            given.out.write_text(json.dumps(rows, indent=1))
            if row["outcome"] != "killed":
                print(f"{row['outcome']}: {row['file']}:{row['change']}", flush=True)
        print(
            f"{subject}: {len(rows)} so far, {sum(row['outcome'] == 'survived' for row in rows)} survived", flush=True
        )


if __name__ == "__main__":
    main()
