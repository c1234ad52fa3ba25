"""Compiled once: a second process finds the code on disk, unless a source file has changed."""

import os
import subprocess
import sys
from pathlib import Path

import sabcore

PROGRAM = """
import numpy as np
from sabcore.model.config import SABConfig
from sabcore.engine import cpu
from sabcore.model.params import init_params
config = SABConfig.lstm(input_size=2, hidden_size=3, output_size=1)
state = np.zeros((1, 3))
cpu.forward(config, init_params(config, 0, "float64"), np.zeros((2, 1, 2)), state, state)
"""


def test_a_second_process_does_not_compile(tmp_path: Path) -> None:
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(Path(sabcore.__file__).parents[1])}
    command = [sys.executable, "-c", PROGRAM]
    notices = []
    for _ in range(2):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        notices.append(done.stderr)
    assert notices[0].count("compiling the CPU engine") == 1
    assert notices[1] == ""


def test_cached_code_belongs_to_the_sources_it_was_made_of() -> None:
    from sabcore.engine.cpu.backward import backward_block
    from sabcore.engine.cpu.forward import forward_block, forward_one_row
    from sabcore.engine.cpu.jit import sources

    for entry in (forward_block, forward_one_row, backward_block):
        assert entry._cache._cache_file._source_stamp == sources()
