"""A memory that holds the latest slots alone: how many, the search finds out."""

from __future__ import annotations

from sabcore.validate.mistakes.record import Change, Mistake

_PLAIN = "engine/plain.py"
_ALL = "M = tape.h_all[config.first_slot :: config.k_att]"


def last_slots(count: int) -> Mistake:
    """The mistake of a memory of at most `count` slots."""
    seen = f"[:N][-{count}:]"
    return Mistake(
        f"memory of the last {count} slots",
        f"Older slots are dropped: no step sees more than the last {count}.",
        "forward",
        (
            Change(_PLAIN, f"{_ALL}[:N]", f"{_ALL}{seen}"),
            Change(_PLAIN, "sparsifier = tape.rule(config, N)", f"sparsifier = tape.rule(config, min(N, {count}))"),
            Change(_PLAIN, "M, tape.keys[:N], score", f"M, tape.keys{seen}, score"),
            Change(
                _PLAIN,
                "sparsifier = self.tape.rule(self.config, N)",
                f"sparsifier = self.tape.rule(self.config, min(N, {count}))",
            ),
            Change(_PLAIN, "self.M[:N], self.tape.keys[:N], cache", f"self.M{seen}, self.tape.keys{seen}, cache"),
            Change(_PLAIN, "scatter_add(self.dM[:N],", f"scatter_add(self.dM{seen},"),
            Change(_PLAIN, "scatter_add(self.dkeys[:N],", f"scatter_add(self.dkeys{seen},"),
        ),
        tag="B.2",
    )
