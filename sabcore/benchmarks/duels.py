"""A race on a CPU as duels: the subject and one peer at a time, in a process that loads nobody else's library."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from . import apart
from .limits import Limits
from .memory import peak_bytes
from .race import Race, Tick
from .workload import make_workload


def run_duels(race: Race, seconds: float, limits: Limits, tick: Tick) -> dict[str, Any]:
    """The race's record: `run_race`'s, in which a peer's row also says `beside_s`, the subject's time in their duel."""
    alone = replace(race, entrants=(race.subject,))
    duels, left_out = [], dict[str, str]()
    for peer in (name for name in race.entrants if name != race.subject):
        try:
            duels.append(_run(replace(race, entrants=(race.subject, peer)), seconds, limits, tick))
        except apart.PartFailedError as error:  # of this peer; the others still run
            left_out[peer] = str(error)
    found = _merged(duels or [_run(alone, seconds, limits, tick)], race.subject)
    found["left_out"] |= left_out
    if race.weighed:
        for name, row in found["entrants"].items():
            tick(f"T={race.T}: {name}, peak memory")
            row["peak_bytes"] = peak_bytes(name, make_workload(race.config, race.T, race.B), race.threads)
    return found


def _run(race: Race, seconds: float, limits: Limits, tick: Tick) -> dict[str, Any]:
    spec = asdict(replace(race, weighed=False)) | {"config": race.config.to_dict()}
    return apart.run_part("race", {"race": spec, "seconds": seconds, "limits": limits._asdict()}, tick)


def _merged(duels: list[dict[str, Any]], subject: str) -> dict[str, Any]:
    """One record of several duels. The subject's own row is that of the first."""
    found = {**duels[0], "rounds": min(duel["rounds"] for duel in duels)}
    found["loaded"] = {"+".join(duel["entrants"]): duel["loaded"] for duel in duels}
    for name in ("ratios", "left_out"):
        found[name] = {key: value for duel in duels for key, value in duel[name].items()}
    found["entrants"] = {}
    for duel in duels:
        for name, row in duel["entrants"].items():
            beside = duel["entrants"].get(subject)
            more = {"beside_s": beside["median_s"]} if beside and name != subject else {}
            found["entrants"].setdefault(name, row | more)
    verdicts = {(row["entrant"], row["T"], row["dtype"]): row for duel in reversed(duels) for row in duel["agreements"]}
    found["agreements"] = list(verdicts.values())[::-1]
    return found
