"""The report of a recorded run: a floor stands only under a race with as many threads as its rates."""

import json
from pathlib import Path

from sabcore.benchmarks.figures import RECORDING, RESULTS
from sabcore.benchmarks.report import race_table

RECORDED = Path(__file__).parents[2] / RESULTS / RECORDING
FOUND = json.loads(RECORDED.with_suffix(".json").read_text())


def test_a_floor_is_compared_where_its_rates_were_measured():
    sections = RECORDED.with_suffix(".md").read_text().split("### ")[1:]
    assert len(sections) == len(FOUND["races"])
    threads = {race["threads"] for race in FOUND["races"]}
    assert len(threads) > 1
    for race, section in zip(FOUND["races"], sections, strict=True):
        assert ("Floor: " in section) == (race["threads"] == FOUND["threads"])


def test_rows_come_fastest_first():
    race = FOUND["races"][0]
    rows = [line for line in race_table(race).splitlines() if line.startswith("| ")][2:]
    assert len(rows) == len(race["entrants"])
    fastest = min(race["entrants"], key=lambda name: race["entrants"][name]["median_s"])
    assert fastest == race["subject"]
    assert rows[0].startswith("| sabcore CPU")
