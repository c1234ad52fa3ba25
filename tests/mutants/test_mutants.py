"""Each mutant is rejected by the shipped vectors, and no two of them look alike there."""

import itertools
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from sabcore.compare.tensors import compare
from sabcore.validate.mistakes import MUTANTS
from sabcore.validate.mistakes.build import Engine, build
from sabcore.vectors.check import ALLOWED, allowance, find, floors, recompute
from sabcore.vectors.format import read

VECTORS = {path.stem: read(path) for path in find([])}


def results(engine: Engine) -> dict[str, dict[str, np.ndarray] | None]:
    """What an engine computes for every shipped vector; None where it breaks down."""
    own = {name: replace(v, config=engine.config.from_dict(v.config.to_dict())) for name, v in VECTORS.items()}
    found: dict[str, dict[str, np.ndarray] | None] = {}
    for name, vector in own.items():
        try:
            found[name] = recompute(vector, engine.forward, engine.backward)
        except (IndexError, ValueError):
            found[name] = None
    return found


@cache
def measured(name: str) -> dict[str, float]:
    """The floors of one vector."""
    return floors(VECTORS[name], allowance(VECTORS[name]))


def differ(name: str, one: dict | None, other: Mapping[str, np.ndarray] | None) -> bool:
    """Whether two results for the vector of that name are told apart, by the rule that checks vectors."""
    if one is None or other is None:
        return one is not other
    return not all(report.passed for report in compare(one, other, ALLOWED["float64"], lambda: measured(name)))


@pytest.fixture(scope="module")
def by_mutant():
    with np.errstate(all="ignore"):
        return {mutant.name: results(build([mutant])) for mutant in MUTANTS}


def test_the_engine_itself_is_not_rejected():
    computed = results(build())
    assert [name for name, vector in VECTORS.items() if differ(name, computed[name], vector.expected)] == []


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_mutant_is_killed_by_the_shipped_vectors(mutant, by_mutant, tally):
    computed = by_mutant[mutant.name]
    kills = [name for name, vector in VECTORS.items() if differ(name, computed[name], vector.expected)]
    by_numbers = [name for name in kills if computed[name] is not None]
    tally("mutants, by numbers" if by_numbers else "mutants, crashed", mutant.name, by_numbers or kills)
    assert kills, f"no shipped vector notices: {mutant.name}"


def test_no_two_mutants_look_alike(by_mutant):
    alike = [
        (one, other)
        for (one, first), (other, second) in itertools.combinations(by_mutant.items(), 2)
        if not any(differ(name, first[name], second[name]) for name in VECTORS)
    ]
    assert alike == []


def test_names_and_changes_are_distinct():
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 25
    assert len({mutant.changes for mutant in MUTANTS}) == len(MUTANTS)
