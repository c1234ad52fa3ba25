"""The theorems of `theorems.md` in numbers: each module checks the claims of one section."""

from sabcore.proofs.theorems import cost, edges, hops, readers, scale, truncated
from sabcore.proofs.theorems.claim import Claim

__all__ = ["SECTIONS", "Claim", "check_all"]

#: The modules, in the page's order.
SECTIONS = (truncated, readers, scale, hops, edges, cost)


def check_all() -> list[Claim]:
    """Every claim, in the page's order."""
    return [claim for section in SECTIONS for claim in section.check()]
