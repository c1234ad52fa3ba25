"""What the CPU engine is meant to reach, against what a full run measured."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple


class Goal(NamedTuple):
    """`got` in words, and whether that is enough."""

    what: str
    wanted: str
    got: str
    met: bool


def goals(found: dict[str, Any]) -> list[Goal]:
    """Each goal that this run measured."""
    return [*_floors(found), *_times(found), *_memory(found), *_long(found), *_growth(found), *_selection(found)]


def _floors(found: dict[str, Any]) -> Iterator[Goal]:
    for T in (120, 420):
        race = _race(found, "SAB", T, found["threads"])
        if race and (row := race["entrants"].get(race["subject"])):
            ratio = row["median_s"] / sum(race["floor"].values())
            yield Goal(f"SAB, T={T}, against its floor", "within 1.3 times", f"{ratio:.2f} times", ratio <= 1.3)


def _times(found: dict[str, Any]) -> Iterator[Goal]:
    threads = found["threads"]
    for model, T, peer, words, least in (
        ("SAB", 420, "torch-cached", "eager PyTorch, cached keys", 15),
        ("SAB", 420, "torch-listed", "the same, keys in lists", 15),
        ("SAB", 120, "jax-scan", "JAX", 5),
        ("LSTM", 200, "torch-lstm", "torch.nn.LSTM", 1),
    ):
        race = _race(found, model, T, threads)
        if race and peer in race["ratios"]:
            ratio = race["ratios"][peer]
            got = f"{ratio['median']:.2f} times ({ratio['low']:.2f} to {ratio['high']:.2f})"
            wanted = f"{least} times faster" if least > 1 else "not slower"
            yield Goal(f"{model}, T={T}, against {words}", wanted, got, ratio["median"] >= least)


def _memory(found: dict[str, Any]) -> Iterator[Goal]:
    race = _race(found, "SAB", 420, found["threads"])
    entrants = race["entrants"] if race else {}
    peaks = [entrants.get(name, {}).get("peak_bytes") for name in (f"sabcore-{found['engine']}", "torch-cached")]
    if all(peaks):
        ratio = peaks[1] / peaks[0]
        got = f"{ratio:.1f} times ({peaks[0] / 2**20:.0f} and {peaks[1] / 2**20:.0f} MiB)"
        yield Goal("peak memory, T=420, against eager PyTorch, cached keys", "10 times less", got, ratio >= 10)


def _long(found: dict[str, Any]) -> Iterator[Goal]:
    if long := found["long"]:
        seconds, size = long["forward_s"] + long["backward_s"], long["peak_bytes"] / 2**30
        met = long["finite"] and seconds <= 300 and size < 8
        yield Goal(f"T={long['T']:,}", "300 s, under 8 GiB", f"{seconds:.0f} s, {size:.2f} GiB", met)


def _growth(found: dict[str, Any]) -> Iterator[Goal]:
    cost = {row["T"]: row["backward_us"] for row in found["growth"]}
    if 500 in cost and 4000 in cost:
        ratio = cost[4000] / cost[500]
        got = f"{ratio:.2f} times ({cost[500]:.0f} and {cost[4000]:.0f} us)"
        yield Goal("backward pass, a step at T=4000 against T=500", "within 1.3 times", got, ratio <= 1.3)


def _selection(found: dict[str, Any]) -> Iterator[Goal]:
    for row in found["selection"]:
        if ratio := row.get("ratio"):
            got = f"{ratio['median']:.2f} times ({ratio['low']:.2f} to {ratio['high']:.2f})"
            yield Goal(f"top-k of {row['n']:,}, against torch.topk", "1.5 times faster", got, ratio["median"] >= 1.5)


def _race(found: dict[str, Any], model: str, T: int, threads: int) -> dict[str, Any] | None:
    keys = {"model": model, "T": T, "threads": threads}
    return next((race for race in found["races"] if keys.items() <= race.items()), None)
