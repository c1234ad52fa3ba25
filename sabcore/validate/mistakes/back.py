"""What ports do under k_back: parts of the gradient that are masked, and parts that are not."""

from __future__ import annotations

from sabcore.validate.mistakes.record import Change, Mistake

_PLAIN, _RECALL = "engine/plain.py", "step/recall.py"
_MASK = "dm, k, da = gather(dm, cache.back), gather(k, cache.back), xp.take_along_axis(da, cache.back[None], axis=1)"
_SLOTS, _KEYS = "scatter_add(self.dM[:N], sent(cache), dm)", "scatter_add(self.dkeys[:N], sent(cache), dk)"
_KEPT = "cache.back is None or (xp.arange(len(a))[:, None, None] == cache.back).any(axis=1)"

BACK = [
    Mistake(
        "k_back masks scores alone",
        "Slots left out get no gradient through their scores, and still get w ds; they should get none.",
        "backward",
        (
            Change(_RECALL, _MASK, _MASK.replace("dm, ", "", 1).replace("gather(dm, cache.back), ", "")),
            Change(_PLAIN, _SLOTS, _SLOTS.replace("sent(cache)", "cache.slots")),
        ),
        tag="M.3*",
    ),
    Mistake(
        "k_back masks memories alone",
        "Slots left out get no w ds, and still a gradient through their scores; they should get none.",
        "backward",
        (
            Change(_RECALL, _MASK, "dm = gather(dm, cache.back)"),
            Change(_PLAIN, _KEYS, _KEYS.replace("sent(cache)", "cache.slots")),
        ),
        tag="M.2*",
    ),
    Mistake(
        "k_back detaches products",
        "The products w m of the slots left out are detached, so that all scores get a gradient, without these dw.",
        "backward",
        (
            Change(
                _RECALL,
                "da = sparsifier.backward(dw, a, w)",
                f"da = sparsifier.backward(xp.where({_KEPT}, dw, 0), a, w)",
            ),
            Change(_RECALL, _MASK, "dm = gather(dm, cache.back)"),
            Change(_PLAIN, _KEYS, _KEYS.replace("sent(cache)", "cache.slots")),
        ),
        tag="M.2*",
    ),
    Mistake(
        "k_back loses the others' dw",
        "The sparsifier's gradient is made of the dw of the slots kept; it should be made of all, and masked then.",
        "backward",
        (
            Change(
                _RECALL,
                "da = sparsifier.backward(dw, a, w)",
                f"da = sparsifier.backward(xp.where({_KEPT}, dw, 0), a, w)",
            ),
        ),
        tag="M.2*",
    ),
]
