"""`sab sweep` as a user meets it: a table, a picture, JSON, going on after Ctrl-C, bad input in one line."""

import json
import os
import signal
import sys

import pytest
from click.testing import CliRunner

from sabcore.cli import main
from sabcore.train.sweep.plan import plan, read_grids
from sabcore.train.sweep.work import RESULT, read_result, work
from tests.children import PATIENCE, child, run_child
from tests.train.test_experiment import SMALL

pytest.importorskip("distributed")


def sab_sweep(*arguments):
    return CliRunner().invoke(main, ["sweep", *map(str, arguments)])


@pytest.fixture
def path(tmp_path):
    (tmp_path / "small.toml").write_text(SMALL)
    return tmp_path / "small.toml"


@pytest.fixture
def done(path, tmp_path):
    """A sweep's folder in which all runs are finished."""
    points = plan(path, read_grids(["task.T=5,7"]), 2)
    for point in points:
        work(tmp_path / "out" / point.folder, point.experiment, 20)
    return points


def test_what_is_finished_needs_no_worker_and_is_told(path, tmp_path, done, monkeypatch):
    monkeypatch.setitem(sys.modules, "sabcore.train.sweep.cluster", None)  # nobody asks for it
    arguments = [path, "--grid", "task.T=5,7", "--seeds", 2, "--out", tmp_path / "out", "--evaluate", 20]
    shown = sab_sweep(*arguments)
    assert shown.exit_code == 0, shown.output
    assert "adding: median error" in shown.stdout
    assert {"sweep.json", "sweep.png"} < {file.name for file in (tmp_path / "out").iterdir()}
    answer = json.loads(sab_sweep(*arguments, "--json").stdout)
    assert answer["out"] == str(tmp_path / "out")
    assert json.loads((tmp_path / "out" / "sweep.json").read_text()).items() <= answer.items()
    for run, point in zip(answer["runs"], done, strict=True):
        result = read_result(tmp_path / "out" / point.folder, point.experiment, 20)
        assert result
        assert run["models"] == result["models"]
    medians = {(row["values"]["task.T"], row["model"]): row["median"] for row in answer["rows"]}
    of_lstm = [run["models"]["lstm"]["error"] for run in answer["runs"][2:]]
    assert medians["7", "lstm"] == sum(of_lstm) / 2


def test_a_run_that_failed_is_exit_code_1_and_the_others_are_told(path, tmp_path, done):
    (tmp_path / "out" / done[0].folder / RESULT).unlink()
    (tmp_path / "out" / done[0].folder / "log.jsonl").write_text("changed")
    result = sab_sweep(path, "--grid", "task.T=5,7", "--seeds", 2, "--out", tmp_path / "out", "--evaluate", 20)
    assert result.exit_code == 1
    assert f"failed: {tmp_path / 'out' / done[0].folder}: " in result.stderr
    assert "log.jsonl is shorter" in result.stderr
    assert "Traceback" not in result.output
    assert "adding: median error" in result.stdout


def test_ctrl_c_leaves_folders_that_the_same_command_goes_on_with(path, tmp_path):
    command = ["-m", "sabcore", "sweep", path, "--grid", "steps=20,500", "--seeds", "1",
               "--out", tmp_path / "out", "--evaluate", "20", "--workers", "1"]  # fmt: skip
    with child(command) as process:
        assert process.stderr
        told = next(line for line in process.stderr if "compiling" not in line)
        assert "1 of 2 runs done" in told
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers too
        out, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, errors
    assert out == ""
    assert errors.splitlines()[-1] == "stopped: 1 of 2 runs done; the same command goes on"
    assert "Traceback" not in errors
    again = run_child([*command, "--json"])
    assert again.returncode == 0, again.stderr
    answer = json.loads(again.stdout)
    for run, point in zip(answer["runs"], plan(path, read_grids(["steps=20,500"]), 1), strict=True):
        undisturbed = work(tmp_path / "undisturbed" / point.folder, point.experiment, 20)
        assert undisturbed
        assert run["models"] == undisturbed["models"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["FILE"], "needs something to vary"),
        (["FILE", "--grid", "task.T="], "should have the form"),
        (["FILE", "--grid", "task.U=1"], "'U'"),
        (["FILE", "--grid", "task.T=5", "--grid", "task.T=6"], "two grids vary task.T"),
        (["FILE", "--grid", "task.T=5", "--seeds", 0], "0 is not in the range"),
        (["FILE", "--grid", "task.T=5", "--workers", 1, "--scheduler", "tcp://127.0.0.1:1"], "leave one out"),
        (["nothing.toml", "--grid", "task.T=5"], "does not exist"),
    ],
)
def test_bad_input_is_one_line_and_leaves_no_folder(path, tmp_path, arguments, says):
    given = [path if argument == "FILE" else argument for argument in arguments]
    result = sab_sweep(*given, "--out", tmp_path / "new")
    assert result.exit_code == 2
    assert says in result.stderr.strip().splitlines()[-1]
    assert not (tmp_path / "new").exists()


def test_without_dask_the_extra_is_named_and_all_else_works(path, tmp_path):
    program = (
        "import sys; sys.modules['dask'] = sys.modules['distributed'] = None\n"
        "from sabcore.cli import main; main(prog_name='sab')"
    )
    sweep = ["sweep", str(path), "--grid", "task.T=5", "--out", str(tmp_path / "out")]
    run = ["run", str(path), "--out", str(tmp_path / "run")]
    for arguments, code in ((sweep, 2), (run, 0), (["sweep", "--help"], 0)):
        found = run_child(["-c", program, *arguments])
        assert found.returncode == code, found.stderr
        if code:
            assert found.stderr.strip().splitlines()[-1] == 'Error: a sweep needs Dask: pip install "sabcore[sweep]"'


def test_two_sweeps_in_one_folder_are_refused(path, tmp_path):
    from sabcore.train.lock import locked

    (tmp_path / "out").mkdir()
    with locked(tmp_path / "out") as lock:
        result = sab_sweep(path, "--grid", "task.T=5", "--out", tmp_path / "out")
        lock.release()
    assert result.exit_code == 2
    assert "in use by another process, which is sweeping there" in result.stderr
