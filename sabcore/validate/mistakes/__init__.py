"""The catalogue: mistakes that people make, each a change of the plain engine with the sentence that explains it.

`lstm`, `score`, `sparsify`, `read`, `truncation`, `loop`: one wrong line each; the tests' own mutants.
`weights`, `scores`, `memory`, `output`: what ports do instead; other parts for the engine, forward and backward.
`mapping`, `scale`: parameters or gradients in the wrong place, or of another loss.
"""

from __future__ import annotations

from sabcore.validate.mistakes.loop import LOOP
from sabcore.validate.mistakes.lstm import LSTM
from sabcore.validate.mistakes.mapping import MAPPING
from sabcore.validate.mistakes.memory import MEMORY
from sabcore.validate.mistakes.output import OUTPUT
from sabcore.validate.mistakes.read import READ
from sabcore.validate.mistakes.record import Change, Mistake
from sabcore.validate.mistakes.scale import SCALE
from sabcore.validate.mistakes.score import SCORE
from sabcore.validate.mistakes.scores import SCORES
from sabcore.validate.mistakes.sparsify import SPARSIFY
from sabcore.validate.mistakes.truncation import TRUNCATION
from sabcore.validate.mistakes.weights import WEIGHTS

__all__ = ["MISTAKES", "MUTANTS", "Change", "Mistake"]

#: One wrong line of the plain engine each.
MUTANTS = [*LSTM, *SCORE, *SPARSIFY, *READ, *TRUNCATION, *LOOP]
#: All: the one-line mutants last, because a port's author makes the others first.
MISTAKES = [*MAPPING, *WEIGHTS, *SCORES, *MEMORY, *OUTPUT, *SCALE, *MUTANTS]
