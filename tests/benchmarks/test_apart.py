"""A part of a benchmark in a process of its own: what it loads, what it tells, and how it fails."""

import importlib.util
from dataclasses import asdict

import pytest

from sabcore.benchmarks.apart import PartFailedError, run_part
from sabcore.benchmarks.limits import Limits
from sabcore.benchmarks.race import Race
from sabcore.benchmarks.workload import sab_config

CONFIG = sab_config(input_size=3, hidden_size=8, output_size=4)
PEERS = [
    ("sabcore-plain", []),
    ("torch-cached", ["torch"]),
    pytest.param(
        "jax-scan",
        ["jax"],
        marks=pytest.mark.skipif(not importlib.util.find_spec("jax"), reason="JAX is not installed"),
    ),
]


@pytest.mark.parametrize(("peer", "libraries"), PEERS)
def test_a_race_loads_its_entrants_libraries_and_no_others(peer, libraries):
    race = Race("small", CONFIG, 5, 2, ("sabcore-plain", peer), "sabcore-plain", weighed=False)
    spec = asdict(race) | {"config": CONFIG.to_dict()}
    told: list[str] = []
    limits = Limits(1e9, 1e9, 1e9)._asdict()
    found = run_part("race", {"race": spec, "seconds": 0.01, "limits": limits}, told.append)
    assert found["loaded"] == libraries
    assert {"sabcore-plain", peer} == set(found["entrants"])
    assert any("warming up" in text for text in told)


def test_a_part_that_fails_says_how():
    with pytest.raises(PartFailedError, match="ended with 1: KeyError: 'nothing'"):
        run_part("nothing", {}, lambda text: None)
