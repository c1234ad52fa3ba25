"""A script of ten lines that shows a difference: the shortest run in which it shows."""

from __future__ import annotations

from sabcore.errors import TargetError
from sabcore.model.config import SABConfig
from sabcore.validate.cases import ask
from sabcore.validate.fields import as_fields
from sabcore.validate.observed import Observed
from sabcore.validate.ours import Hypothesis, answer
from sabcore.validate.program import Program
from sabcore.validate.wiring import dtype_of

_SCRIPT = """\
import numpy as np
from sabcore import SABConfig
from sabcore.validate.cases import ask
from sabcore.validate.ours import Hypothesis, answer
from sabcore.validate.target import call, load
config = SABConfig.from_dict({config!r})
question = ask(config, seed=1, T={T}, B={B})
yours, sabcore = call(load({target!r}), question).tensors, answer(Hypothesis(config), question)
for name in sorted(yours.keys() & sabcore.keys()):
    print(name, "yours differs by", np.abs(yours[name] - sabcore[name]).max(), "of", np.abs(sabcore[name]).max())
"""


def script(program: Program, target: str, claim: SABConfig, T: int, B: int) -> str:
    """The script for the fewest steps, and then sequences, in which the program departs from the claim; or for all."""
    for steps in range(1, T + 1):
        for batch in range(1, B + 1):
            if _departs(program, claim, steps, batch):
                return _SCRIPT.format(config=as_fields(claim), T=steps, B=batch, target=target)
    return _SCRIPT.format(config=as_fields(claim), T=T, B=B, target=target)


def _departs(program: Program, claim: SABConfig, T: int, B: int) -> bool:
    question = ask(claim, 1, T, B)
    try:
        got = program.ask(question)
    except TargetError:
        return False
    ours, case = answer(Hypothesis(claim), question), Observed(question, got, dtype_of(got))
    return ours is not None and not case.error(ours, case.outputs + case.grads) <= 1
