"""Mistakes of the CPU engine are rejected by their numbers, not only because they crash."""

from functools import cache

import numpy as np
import pytest

from sabcore.compare.tensors import compare
from tests.mutants.cpu_build import CASES, Case, build_cpu, results, wanted
from tests.mutants.cpu_catalogue import CPU_MUTANTS

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # mistakes overflow, and so do clamped numbers

#: Two right programs agree to far better here; the case of clamped exponentials rounds k + q at 1e3.
ALLOWED = 1e-9


@cache
def want(number: int) -> dict[str, np.ndarray]:
    return wanted(CASES[number])


def differs(engine, number: int) -> bool:
    """Whether the numbers of a case are told apart from the plain engine's."""
    case: Case = CASES[number]
    got = results(engine, case, recompute=case.recompute)
    return not all(report.passed for found in got for report in compare(found, want(number), ALLOWED))


def test_the_engine_itself_is_not_rejected():
    engine = build_cpu()
    assert [CASES[number] for number in range(len(CASES)) if differs(engine, number)] == []


@pytest.mark.parametrize("mutant", CPU_MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mistake_of_the_cpu_engine_is_killed_by_its_numbers(mutant, tally):
    engine, crashed = build_cpu([mutant.change]), []
    for number in range(len(CASES)):
        try:
            if differs(engine, number):
                tally("CPU mutants, by numbers", mutant.name, [str(number)])
                return
        except (IndexError, ValueError, ZeroDivisionError, OverflowError) as error:
            crashed.append(f"{number}: {error}")
    tally("CPU mutants, crashed" if crashed else "CPU mutants, by numbers", mutant.name, crashed)
    assert not crashed, f"crashes, but no case's numbers notice: {crashed}"
    raise AssertionError(f"no case notices: {mutant.name}")


def test_names_and_changes_are_distinct():
    assert len({mutant.name for mutant in CPU_MUTANTS}) == len(CPU_MUTANTS) >= 30
    assert len({mutant.change for mutant in CPU_MUTANTS}) == len(CPU_MUTANTS)
