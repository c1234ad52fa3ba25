"""`sab demo`: options, output, several seeds, and bad input in one line."""

import json
import shutil
import sys

import pytest

from tests.demos.test_copy import SMALL, assert_refused, demo, state


def test_json_goes_to_standard_output_and_progress_elsewhere(tmp_path):
    result = demo(*SMALL, "--steps", 2, "--out", tmp_path, "--json")
    answer = json.loads(result.stdout)
    assert set(answer["models"]) == {"sab", "tbptt", "bptt"}
    assert answer["options"]["hidden"] == 6
    assert all(0 <= model["accuracy"] <= 1 and model["loss"] > 0 for model in answer["models"].values())
    assert answer["models"]["sab"]["updates"] == 2
    assert list(answer["models"]["sab"]["transfer"]) == ["3", "6", "12", "30", "60", "150"]
    assert "step 2/2" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["-T", 0], "T is 0"),
        (["-T", 10**12], "T is 10"),
        (["--seeds", 0], "0 is not in the range"),
        (["-T", "x"], "'x' is not a valid integer"),
        (["--hidden", 0], "hidden is 0"),
        (["--hidden", 10**9], "hidden is 10"),
        (["--k-top", -1], "k_top is -1"),
        (["--k-top", 0], "k_top is 0"),
        (["--k-att", 0], "k_att is 0"),
        (["--k-trunc", 0], "k_trunc is 0"),
        (["--preset", "lstm"], "'lstm' is not one of"),
        (["--preset", "nonsense"], "'nonsense' is not one of"),
        (["--steps", 0], "steps is 0"),
        (["--batch", 0], "batch is 0"),
        (["--lr", 0], "lr is 0.0"),
        (["--lr", "nan"], "lr is nan"),
        (["--lr", "inf"], "lr is inf"),
        (["--seed", -1], "seed is -1"),
        (["--dtype", "float16"], "'float16' is not one of"),
        (["--device", "tpu"], "'tpu' is not one of"),
        (["--resume"], "no run that could be resumed"),
    ],
)
def test_bad_options_are_refused_in_one_line_and_leave_no_folder(tmp_path, arguments, says):
    assert_refused(demo(*arguments, "--out", tmp_path / "new"), says)
    assert not (tmp_path / "new").exists()


def test_a_missing_gpu_is_explained(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    assert_refused(demo("--device", "cuda", "--out", tmp_path / "new"), 'pip install "cupy-cuda13x[ctk]"')
    assert not (tmp_path / "new").exists()


def test_an_unusable_folder_is_refused_before_training(tmp_path):
    (tmp_path / "file").write_text("mine")
    assert_refused(demo(*SMALL, "--out", tmp_path / "file"), "cannot be made a folder")
    assert_refused(demo(*SMALL, "--out", "/proc/nowhere"), "cannot be made a folder")
    assert (tmp_path / "file").read_text() == "mine"


def test_several_seeds_are_several_runs(tmp_path):
    result = demo(*SMALL, "--steps", 2, "--seeds", 2, "--out", tmp_path / "all")
    assert result.exit_code == 0, result.output
    assert "2 seeds: median" in result.stdout
    assert [path.name for path in sorted((tmp_path / "all").iterdir())] == ["seed-3", "seed-4"]
    assert demo(*SMALL[:-2], "--seed", 4, "--steps", 2, "--out", tmp_path / "alone").exit_code == 0
    assert state(tmp_path / "all" / "seed-4") == state(tmp_path / "alone")
    shutil.rmtree(tmp_path / "all" / "seed-4")
    more = demo(*SMALL, "--steps", 3, "--seeds", 2, "--out", tmp_path / "all", "--resume", "--json")
    assert [[one["options"][key] for key in ("seed", "steps")] for one in json.loads(more.stdout)] == [[3, 3], [4, 3]]
