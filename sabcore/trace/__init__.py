"""Where credit flows: one sequence's gradient taken apart, exactly, by the path that it took.

labels     what a gradient is sorted by: the loss step it comes from, or the memory reads it went through
credit     the backward pass of the plain engine with a label on every gradient
rules      SAB, truncated and full gradients of one forward pass, held against each other
"""

from sabcore.trace.credit import credit
from sabcore.trace.labels import ByHops, BySource
from sabcore.trace.record import EDGES, Credit, Reads
from sabcore.trace.rules import Rule, compare_rules

__all__ = ["EDGES", "ByHops", "BySource", "Credit", "Reads", "Rule", "compare_rules", "credit"]
