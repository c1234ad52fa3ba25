"""Test vectors: files that tell a right implementation of Sparse Attentive Backtracking from a wrong one."""

from sabcore.vectors.format import read, write
from sabcore.vectors.record import Vector

__all__ = ["Vector", "read", "write"]
