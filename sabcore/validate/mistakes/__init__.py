"""The catalogue: mistakes that people make, each a change of the plain engine with the sentence that explains it.

`lstm`, `score`, `sparsify`, `read`, `truncation`, `loop`: one wrong line each; the tests' own mutants.
`weights`, `top`, `scores`, `reading`, `memory`, `output`: what ports do instead; other parts for the engine, both
passes. `window`: a memory of the latest slots alone, made by the search with the number that it finds.
`back`, `initial`: what they do under k_back, and with initial states that they are given.
`mapping`, `scale`: parameters or gradients in the wrong place, or of another loss.
"""

from __future__ import annotations

from sabcore.validate.mistakes.back import BACK
from sabcore.validate.mistakes.initial import INITIAL
from sabcore.validate.mistakes.loop import LOOP
from sabcore.validate.mistakes.lstm import LSTM
from sabcore.validate.mistakes.mapping import MAPPING
from sabcore.validate.mistakes.memory import MEMORY
from sabcore.validate.mistakes.output import OUTPUT
from sabcore.validate.mistakes.read import READ
from sabcore.validate.mistakes.reading import READING
from sabcore.validate.mistakes.record import Change, Mistake
from sabcore.validate.mistakes.scale import SCALE
from sabcore.validate.mistakes.score import SCORE
from sabcore.validate.mistakes.scores import SCORES
from sabcore.validate.mistakes.sparsify import SPARSIFY
from sabcore.validate.mistakes.top import TOP
from sabcore.validate.mistakes.truncation import TRUNCATION
from sabcore.validate.mistakes.weights import WEIGHTS

__all__ = ["DETACHED", "INITIAL", "MISTAKES", "MUTANTS", "TIES", "Change", "Mistake"]

#: The mistake that only equal scores show.
TIES = "ties towards the newer slot"
#: One wrong line of the plain engine each.
MUTANTS = [*LSTM, *SCORE, *SPARSIFY, *READ, *TRUNCATION, *LOOP]
#: All: the one-line mutants last, because a port's author makes the others first.
MISTAKES = [*MAPPING, *WEIGHTS, *TOP, *SCORES, *READING, *MEMORY, *OUTPUT, *SCALE, *BACK, *INITIAL, *MUTANTS]
#: What a `detach` or `no_grad` too many makes, or one too few: made together more often than others.
_DETACHED = {
    *("threshold not differentiated", "normaliser not differentiated", "gradient into unread slots"),
    *("additive: query detached", "additive: memory detached in the score", "additive: W_m not learned"),
    *("memories detached", "weights treated as constants", "memory gets no gradient from what was read"),
    *("query gets no gradient from the read", "keys' gradients never reach the memory"),
    *("output layer's direct path to the memory dropped", "summary gets no gradient from the state"),
    *("cell state not cut", "hidden state not cut"),
    *("state cut after its step", "state cut before it is stored", "state cut before it is read out"),
}
DETACHED = [mistake for mistake in MISTAKES if mistake.name in _DETACHED]
