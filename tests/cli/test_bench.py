"""`sab bench`: what it writes and prints, and that it fails when somebody's gradients disagree."""

import dataclasses
import json

import pytest
from click.testing import CliRunner

from sabcore.benchmarks import apart, cpu
from sabcore.benchmarks.peers import engines
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


def here(part, arguments, tick):
    """The part in this process, through the same JSON; `benchmarks/test_apart.py` tests processes."""
    found = apart.PARTS[part](tick, **json.loads(json.dumps(arguments)))
    return json.loads(json.dumps(found))


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setattr(cpu, "QUICK", TINY)
    monkeypatch.setattr(apart, "run_part", here)


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

    monkeypatch.setattr(apart, "peers", wrong)
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


def test_a_peer_whose_process_dies_is_left_out(monkeypatch, tmp_path):
    def dies(part, arguments, tick):
        if "torch-cached" in arguments.get("race", {}).get("entrants", ()):
            raise apart.PartFailedError("its process ended with -9: no word")
        return here(part, arguments, tick)

    monkeypatch.setattr(apart, "run_part", dies)
    monkeypatch.setattr(cpu, "races", lambda *arguments: [next(races(*arguments))])
    result = run(tmp_path)
    assert result.exit_code == 0, result.output
    race = json.loads((tmp_path / "cpu.json").read_text())["races"][0]
    assert set(race["entrants"]) == {"sabcore-cpu", "sabcore-plain"}
    assert race["left_out"] == {"torch-cached": "its process ended with -9: no word"}
    assert "Left out: torch-cached: its process ended with -9" in result.stdout


def test_the_time_beside_is_that_of_the_duel(tmp_path):
    run(tmp_path, "--threads", "1")
    race = json.loads((tmp_path / "cpu.json").read_text())["races"][0]
    assert all(("beside_s" in row) == (name != "sabcore-cpu") for name, row in race["entrants"].items())
    dtypes = {(row["entrant"], row["T"], row["dtype"]) for row in race["agreements"]}
    assert len(dtypes) == len(race["agreements"])
    assert {dtype for _, _, dtype in dtypes} == {"float32", "float64"}
