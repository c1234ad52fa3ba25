"""Asking for memory: of every line of an array, and of no other."""

import numpy as np
from numba import njit

from sabcore.engine.cpu.prefetch import LINE, prefetch


def _ask(a):
    prefetch(a[1])
    return a[0, 0]


def test_compiled_code_asks_in_steps_of_a_line_and_computes_the_same():
    a = np.arange(200, dtype="float32").reshape(2, 100)
    compiled = njit(_ask)
    assert compiled(a) == _ask(a) == 0
    np.testing.assert_array_equal(a, np.arange(200, dtype="float32").reshape(2, 100))
    (llvm,) = compiled.inspect_llvm().values()
    assert "@llvm.prefetch" in llvm
    assert f", {LINE}" in llvm  # the loop's stride, in bytes
