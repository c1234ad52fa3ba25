"""One configuration, one program: everything that can be learned, in an order in which each step stops the blame."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sabcore.compare.tolerance import measured_floors
from sabcore.errors import TargetError
from sabcore.model.config import SABConfig
from sabcore.validate.backward_search import search_backward
from sabcore.validate.cases import ask, small_scores, steps, with_ties
from sabcore.validate.departure import Departure, first_departure
from sabcore.validate.describe import as_words
from sabcore.validate.equivalent import settle, with_rewritings
from sabcore.validate.forward_search import Tried, search_forward
from sabcore.validate.independence import Leak, leaks
from sabcore.validate.linearity import limits
from sabcore.validate.mistakes import MISTAKES, TIES
from sabcore.validate.observed import ALLOWED, Observed
from sabcore.validate.ours import Hypothesis, answer
from sabcore.validate.posing import well_posed
from sabcore.validate.program import Program
from sabcore.validate.question import Answer, Question, Tensors
from sabcore.validate.wiring import answer_problems, dtype_of, repeat_problem, unknown

#: Seconds for the search of hypotheses, forward and backward each.
SEARCH_SECONDS = 6.0
#: How many hypotheses that do not fit are told.
_NEAREST = 3
#: Another slot of several that are equal changes a tensor by this part of its largest value; rounding does not.
_OTHER_SLOT = 1e-3
Say = Callable[[str], None]


@dataclass
class TensorCheck:
    """One tensor of theirs against the claim's, over all cases: the worst error, in units of its largest value."""

    name: str
    error: float
    passed: bool


@dataclass
class Judgement:
    """What a program was found to compute, asked for `claim`.

    `verdict`: "right", "ties", "other", "mistaken", "mapping", "dependent", "unexplained" or "wiring"; docs/validate.md
    explains them.
    `fits`: hypotheses that explain everything, nearest to the claim first; nothing that was tried tells them apart.
    `nearest`: where none does, those that come nearest. `worst`: the case that departed. `asked`: the main case's
    steps and sequences.
    """

    claim: SABConfig
    verdict: str = "wiring"
    dtype: str = "float64"
    independent: bool | None = None
    leaks: list[Leak] = field(default_factory=list)
    fits: list[Hypothesis] = field(default_factory=list)
    nearest: list[Tried] = field(default_factory=list)
    departs: Departure | None = None
    tensors: list[TensorCheck] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    cases: list[Observed] = field(default_factory=list)
    worst: Observed | None = None
    asked: tuple[int, int] = (0, 0)

    @property
    def right(self) -> bool:
        """Whether the program is what the claim says."""
        return self.verdict in ("right", "ties")


class Judge:
    """Asks a program about one configuration. `B` sequences; the sizes are the configuration's."""

    def __init__(self, program: Program, claim: SABConfig, B: int, say: Say, T: int | None = None) -> None:
        self.program, self.claim, self.B, self.say = program, claim, B, say
        self.T = T or steps(claim)
        self.found = Judgement(claim, asked=(self.T, B))

    def judge(self) -> Judgement:
        """The judgement; everything the program does wrong ends up in it.

        Raises:
            TargetError: it cannot be asked at all.
        """
        main = well_posed(self.claim, 1, self.T, self.B)
        self.say(f"asking for {self.T} steps of {self.B} sequences")
        first = self.program.ask(main)
        if self._wiring(main, first):
            return self.found
        self._independence(main, first)
        self.found.cases = [self._observed(main, first), *self._more_cases()]
        self._against_claim(self.found.cases)
        if not self.found.departs and self.found.independent is not False:
            self._right()
        else:
            self._search()
        return self.found

    def observe(self, question: Question) -> Observed:
        """Ask the program, and keep what it answered."""
        return self._observed(question, self.program.ask(question))

    def _observed(self, question: Question, got: Answer) -> Observed:
        problems = list(answer_problems(question, got))
        if problems:
            raise TargetError(f"{problems[0][0]}: {problems[0][1]}", "shape")
        return Observed(question, got, self.found.dtype)

    def _wiring(self, main: Question, first: Answer) -> bool:
        """Whether the answer is none that can be compared; the reason is then noted."""
        found = self.found
        found.dtype = dtype_of(first)
        problems = list(answer_problems(main, first))
        if problems:
            found.departs = Departure(problems[0][0], None, "; ".join(f"{name}: {why}" for name, why in problems))
            return True
        self._note(main, first)
        if problem := repeat_problem(self.program, main, ask(self.claim, 2, self.T, self.B), first):
            found.departs = Departure("y", None, problem)
            return True
        return False

    def _note(self, main: Question, first: Answer) -> None:
        """What is no failure, and is to be said."""
        notes = self.found.notes
        if found := unknown(main, first):
            notes.append(f"the contract does not know {', '.join(found)}: not looked at")
        missing = [name for name in (*main.params, "x") if f"grad.{name}" not in first.tensors]
        if missing:
            notes.append(f"yours gives no gradient of {', '.join(missing)}: not checked")
        if first.printed:
            notes.append(f"your program prints {first.printed} bytes a run")
        if self.found.dtype != "float64":
            notes.append("your program computes in float32: what differs by less than 6e-5 cannot be told apart")

    def _independence(self, main: Question, first: Answer) -> None:
        self.say("changing one sequence, looking at the others")
        found = leaks(self.program, main, first, self.found.dtype)
        self.found.independent = None if found is None else not found
        self.found.leaks = found or []
        if found is None:
            self.found.notes.append("your program takes one sequence at a time: independence was not checked")

    def _more_cases(self) -> list[Observed]:
        """Other parameters and lengths: a memory that stays short, one that is long; small scores; initial states."""
        lengths = [max(2, self.T // 2), min(40, self.T + 5)]
        questions = [well_posed(self.claim, seed, T, self.B) for seed, T in enumerate(lengths, start=2)]
        if (scores := small_scores(self.claim)) < 1:
            questions.append(well_posed(self.claim, 5, self.T, self.B, scores=scores))
        found = []
        for question in questions:
            try:
                found.append(self.observe(question))
            except TargetError as error:
                self.found.notes.append(f"not asked for {len(question.x)} steps: {error}")
        if self.program.takes_states:
            found.append(self.observe(well_posed(self.claim, 4, self.T, self.B, states=True)))
        return found

    def _against_claim(self, cases: list[Observed]) -> None:
        """Every tensor against the claim's; the first departure of the first case that has one, outputs' first."""
        worst: dict[str, tuple[float, bool]] = {}
        departures: list[tuple[Departure, Observed]] = []
        for case in cases:
            ours = answer(Hypothesis(self.claim), case.question)
            if ours is None:
                continue
            names = [name for name in case.outputs + case.grads if name in ours]
            if not case.error(ours, names) <= 1:
                case.floors = _floors(Hypothesis(self.claim), case)
            for name in names:
                error, passed = worst.get(name, (0.0, True))
                worst[name] = (max(error, case.relative(ours, name)), passed and case.error(ours, [name]) <= 1)
            if departs := first_departure(case, ours):
                departures.append((departs, case))
        if departures:
            self.found.departs, self.found.worst = min(departures, key=lambda one: one[0].tensor.startswith("grad."))
        self.found.tensors = [TensorCheck(name, *found) for name, found in worst.items()]

    def _right(self) -> None:
        """All is as claimed; what remains is scores that are exactly equal."""
        self.found.verdict, self.found.fits = "right", [Hypothesis(self.claim)]
        try:
            case = self.observe(with_ties(self.claim, 40, self.B))
        except TargetError as error:
            self.found.notes.append(f"equal scores were not checked: {error}")
            return
        ours = answer(Hypothesis(self.claim), case.question)
        if ours is None or not any(case.relative(ours, name) > _OTHER_SLOT for name in case.outputs + case.grads):
            return
        self.found.verdict, self.found.departs = "ties", first_departure(case, ours)
        newer = [Hypothesis(self.claim, (mistake,)) for mistake in MISTAKES if mistake.name == TIES]
        answers = [answer(hypothesis, case.question) for hypothesis in newer]
        if any(found and case.error(found, case.outputs + case.grads) <= 1 for found in answers):
            self.found.fits = newer

    def _search(self) -> None:
        """Which hypothesis explains all outputs, and then all gradients."""
        found, cases = self.found, self.found.cases
        self.say("searching for what the outputs are")
        forward = search_forward(self.claim, cases, time.process_time() + SEARCH_SECONDS)
        found.nearest = forward.nearest[:_NEAREST]
        fits = forward.fits
        grads = any(case.grads for case in cases)
        if fits and grads:
            self.say("searching for what the gradients are")
            backward = search_backward(fits, cases, time.process_time() + SEARCH_SECONDS)
            if not backward.fits:
                self._note_gradients(fits)
            found.nearest, fits = backward.nearest[:_NEAREST], backward.fits
        if fits:
            self.say("telling apart what fits")
            fits = settle(fits, self.claim, self.observe, self.B, grads, time.process_time() + SEARCH_SECONDS)
            found.fits = with_rewritings(fits, self.claim, self.B, grads)
        found.verdict = _verdict(found)

    def _note_gradients(self, fits: list[Hypothesis]) -> None:
        """Nothing explains the gradients, and `fits` the outputs."""
        self.found.notes.append(f"its outputs are those of {as_words(fits[0], self.claim)}")
        deadline = time.process_time() + SEARCH_SECONDS
        case = next(case for case in self.found.cases if case.grads)
        if limit := limits(self.observe, case, fits, self.claim, deadline):
            self.found.notes.append(limit)


def _verdict(found: Judgement) -> str:
    """One word for what was found."""
    if found.independent is False:
        return "dependent"
    if not found.fits:
        return "unexplained"
    best = found.fits[0]
    if not best.mistakes:
        return "other"
    return "mapping" if any(mistake.kind == "mapping" for mistake in best.mistakes) else "mistaken"


def _floors(hypothesis: Hypothesis, case: Observed) -> dict[str, float]:
    """What rounding does to a right answer of this case, measured: near a tie of two scores it is a great deal."""
    question = case.question
    inputs = question.params | {"x": question.x, "dy": question.dy}

    def run(moved: Tensors) -> Tensors:
        params = {name: moved[name] for name in question.params}
        return answer(hypothesis, question._replace(params=params, x=moved["x"], dy=moved["dy"])) or {}

    return measured_floors(run, inputs, ALLOWED[case.dtype], case.dtype)
