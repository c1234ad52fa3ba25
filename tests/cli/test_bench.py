"""`sab bench`: what it writes and prints, and that it fails when somebody's gradients disagree."""

import dataclasses
import json

import pytest
from click.testing import CliRunner

from sabcore.benchmarks import cpu, goals
from sabcore.benchmarks.long_run import Long, long_run
from sabcore.benchmarks.peers import engines
from sabcore.benchmarks.workload import sab_config
from sabcore.cli.bench import bench

TINY = cpu.Suite(
    B=3,
    hidden=8,
    lengths={13: ("sabcore-plain", "torch-cached"), 20: ()},
    single_T=13,
    lstm_T=9,
    growth=(10, 20),
    selection=(40,),
    seconds=0.01,
    check_T=13,
    weighed=False,
)


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setattr(cpu, "QUICK", TINY)


def run(folder, *arguments):
    return CliRunner().invoke(bench, ["--quick", "--out", str(folder), *arguments])


def test_it_writes_json_a_table_and_a_picture(tmp_path):
    result = run(tmp_path / "new", "--threads", "1")
    assert result.exit_code == 0, result.output
    found = json.loads((tmp_path / "new/cpu.json").read_text())
    assert [race["title"] for race in found["races"]] == ["SAB, T=13", "SAB, T=20", "LSTM, T=9"]
    assert (found["threads"], found["long"]) == (1, None)
    assert {row["T"] for row in found["growth"]} == {10, 20}
    assert (tmp_path / "new/cpu.md").read_text() in result.stdout
    assert "### SAB, T=13, B=3, 1 thread, " in result.stdout
    assert (tmp_path / "new/cpu.png").read_bytes().startswith(b"\x89PNG")


def test_json_is_all_that_is_printed(tmp_path):
    result = run(tmp_path, "--json", "--engine", "plain", "--threads", "2")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["engine"] == "plain"
    assert found["races"][0]["subject"] == "sabcore-plain"
    assert [(race["model"], race["threads"]) for race in found["races"]] == [
        *(("SAB", 2), ("SAB", 2), ("LSTM", 2), ("SAB", 1), ("LSTM", 1))
    ]


def test_a_disagreement_is_reported_not_timed_and_fails(monkeypatch, tmp_path):
    def wrong(device="cpu"):
        plain = engines()[0]

        def prepare(workload):
            grads = plain.prepare(workload)()
            return lambda: {**grads, "W_hh": grads["W_hh"] * float("nan")}

        return [dataclasses.replace(plain, name="torch-cached", title="wrong", prepare=prepare)]

    monkeypatch.setattr(cpu, "peers", wrong)
    monkeypatch.setattr(cpu, "races", lambda *arguments: [next(races(*arguments))])
    result = run(tmp_path)
    assert result.exit_code == 1, result.output
    found = json.loads((tmp_path / "cpu.json").read_text())
    assert "torch-cached" not in found["races"][0]["entrants"]
    assert "| torch-cached | SAB | 13 | 4 | float64 |" in result.stdout
    assert "DISAGREES, not timed: grad.W_hh: error inf" in result.stdout


races = cpu.races


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--engine", "cuda"], "'cuda' is not one of"),
        (["--threads", "0"], "0 is not in the range x>=1"),
    ],
)
def test_bad_options_are_refused(arguments, says, tmp_path):
    result = run(tmp_path, *arguments)
    assert result.exit_code == 2
    assert says in result.stderr


def test_help_says_what_it_compares():
    result = CliRunner().invoke(bench, ["--help"])
    assert result.exit_code == 0
    assert "Exit code 1 if anybody's gradients disagree" in " ".join(result.stdout.split())


@pytest.mark.parametrize("engine", [entrant.name.removeprefix("sabcore-") for entrant in engines()])
def test_a_long_run_is_weighed_and_told(engine):
    told: list[str] = []
    found = long_run(Long(300, 1, sab_config(hidden_size=8, k_att=10)), engine, told.append)
    assert (found["T"], found["finite"]) == (300, True)
    assert found["peak_bytes"] > 0
    assert any("of 300 steps" in text for text in told) == (engine == "cpu")


def test_goals_are_met_or_not():
    ratio = {"median": 31.0, "low": 30.5, "high": 32.0}
    race = {"model": "SAB", "T": 120, "threads": 2, "ratios": {"torch-cached": ratio}, "entrants": {}}
    weights = {"sabcore-cpu": {"peak_bytes": 2**20}, "torch-cached": {"peak_bytes": 9 * 2**20}}
    longer = {"model": "SAB", "T": 420, "threads": 2, "ratios": {}, "entrants": weights}
    found = {
        "threads": 2,
        "engine": "cpu",
        "races": [race, longer],
        "long": {"T": 10**6, "forward_s": 200.0, "backward_s": 101.0, "peak_bytes": 2**30, "finite": True},
        "growth": [{"T": 500, "backward_us": 100.0}, {"T": 4000, "backward_us": 129.0}],
    }
    assert [(goal.got, goal.met) for goal in goals.goals(found)] == [
        ("31.00 times (30.50 to 32.00)", True),
        ("9.0 times (1 and 9 MiB)", False),
        ("301 s, 1.00 GiB", False),
        ("1.29 times (100 and 129 us)", True),
    ]
