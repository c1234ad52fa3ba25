"""The theorems of `theorems.md` in numbers: each module checks the claims of one section."""

from sabcore.proofs.theorems.claim import Claim
from sabcore.proofs.theorems.cost import check as cost
from sabcore.proofs.theorems.edges import check as edges
from sabcore.proofs.theorems.hops import check as hops
from sabcore.proofs.theorems.readers import check as readers
from sabcore.proofs.theorems.scale import check as scale
from sabcore.proofs.theorems.truncated import check as truncated

__all__ = ["SECTIONS", "Claim", "check_all"]

SECTIONS = (truncated, readers, scale, hops, edges, cost)


def check_all() -> list[Claim]:
    """Every claim, in the page's order."""
    return [claim for section in SECTIONS for claim in section()]
