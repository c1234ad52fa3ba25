"""Memory is measured in a process of its own."""

import numpy as np

from sabcore.benchmarks import memory
from sabcore.benchmarks.workload import make_workload, sab_config


def test_memory_is_that_of_the_pass_alone():
    config = sab_config(input_size=3, hidden_size=64, output_size=4)
    ballast = np.ones(1 << 25)  # 256 MiB of ours, which are not the child's
    peak = memory.peak_bytes("sabcore-plain", make_workload(config, 100, 16), threads=1)
    assert peak is not None
    assert 2**20 < peak < ballast.nbytes


def test_memory_of_what_fails_is_unknown():
    assert memory.peak_bytes("nobody", make_workload(sab_config(), 2, 1), threads=1) is None
