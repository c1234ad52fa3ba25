"""A run of very many steps, weighed and told."""

import pytest

from sabcore.benchmarks.long_run import Long, long_run
from sabcore.benchmarks.peers import engines
from sabcore.benchmarks.workload import sab_config


@pytest.mark.parametrize("engine", [entrant.name.removeprefix("sabcore-") for entrant in engines()])
def test_a_long_run_is_weighed_and_told(engine):
    told: list[str] = []
    found = long_run(Long(300, 1, sab_config(hidden_size=8, k_att=10)), engine, told.append)
    assert (found["T"], found["finite"]) == (300, True)
    assert found["peak_bytes"] > 0
    assert any("of 300 steps" in text for text in told) == (engine == "cpu")
