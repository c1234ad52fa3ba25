"""`sab vectors` as a user meets it: what is printed, what a program reads, and the exit codes."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from sabcore.cli.vectors import vectors
from sabcore.errors import SABError
from sabcore.vectors import read


def run(*arguments):
    return CliRunner().invoke(vectors, [str(argument) for argument in arguments])


def fails_in_one_line(*arguments):
    """The error that `sab` prints as one line and turns into exit code 2."""
    result = run(*arguments)
    assert isinstance(result.exception, SABError)
    assert "\n" not in str(result.exception)
    return str(result.exception)


def test_the_shipped_set_passes():
    result = run("check")
    assert result.exit_code == 0, result.output
    assert "0 failed, 0 could not be checked" in result.output


def test_check_one_file(good):
    result = run("check", good)
    assert result.exit_code == 0
    assert result.output.startswith(f"passed  {good}: ")


def test_check_names_the_tensor_and_the_element(foreign, vector):
    y = vector.expected["y"].copy()
    y[5, 1, 2] *= 1.5
    path = foreign(tensors={"y": y})
    result = run("check", path)
    assert result.exit_code == 1
    assert f"FAILED  {path}" in result.output
    assert "y: error" in result.output
    assert "worst at [5, 1, 2]: got " in result.output
    assert f"but should be {float(y[5, 1, 2])!r}" in result.output


def test_every_file_gets_its_line(good, foreign, vector, tmp_path):
    wrong = foreign(tensors={"y": vector.expected["y"] * 2})
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(b"not a vector")
    result = run("check", bad, wrong, good, tmp_path / "absent")
    assert result.exit_code == 2
    assert [line.split()[0] for line in result.output.splitlines() if not line.startswith(" ")][:4] == [
        *("error", "FAILED", "passed", "error"),
    ]
    assert "1 of 4 files passed, 1 failed, 2 could not be checked" in result.output
    assert run("check", wrong, good).exit_code == 1


def test_check_json(good, foreign, vector, tmp_path):
    wrong = foreign(tensors={"y": vector.expected["y"] * 2})
    result = run("check", "--json", good, wrong, tmp_path / "absent")
    assert result.exit_code == 2
    report = json.loads(result.output)
    assert [file["passed"] for file in report["files"]] == [True, False, False]
    assert report["passed"] is False
    assert "not there" in report["files"][2]["error"]
    (failed,) = [tensor for tensor in report["files"][1]["tensors"] if not tensor["passed"]]
    assert (failed["name"], failed["allowed"]) == ("y", 1e-9)
    assert failed["error"] == pytest.approx(0.5)


def test_json_has_no_nan(foreign, vector):
    path = foreign(tensors={"param.V_h": np.full((4, 5), 1e308), "param.b": np.full(20, 1e3)})
    result = run("check", "--json", path)
    assert result.exit_code == 1
    report = json.loads(result.output, parse_constant=lambda word: pytest.fail(f"{word} in the output"))
    assert any(tensor["error"] in ("nan", "inf") for tensor in report["files"][0]["tensors"])


def test_tolerance(foreign, vector):
    path = foreign(tensors={"y": vector.expected["y"] * (1 + 1e-6)})
    assert run("check", path).exit_code == 1
    assert run("check", path, "--tolerance", "1e-5").exit_code == 0
    assert run("check", path, "--tolerance", "0").exit_code == 2
    assert run("check", path, "--tolerance", "nan").exit_code != 0


def test_an_empty_folder_is_an_error(tmp_path):
    assert "holds no .safetensors file" in fails_in_one_line("check", tmp_path)


def test_show(good, vector):
    result = run("show", good)
    assert result.exit_code == 0
    for words in ("k_trunc = 3", 'score = "additive"', "param.W_ih", "[20, 3]", "float64"):
        assert words in result.output
    shown = json.loads(run("show", good, "--json").output)
    assert {"k_back": None, **shown["config"]} == vector.config.to_dict()  # a file of version 1 lacks that key
    row = next(row for row in shown["tensors"] if row["tensor"] == "x")
    assert row["shape"] == [7, 2, 3]
    assert row["least"] == vector.x.min()


def test_show_a_bad_file(tmp_path):
    (tmp_path / "bad").write_bytes(b"")
    assert fails_in_one_line("show", tmp_path / "bad").startswith(str(tmp_path / "bad"))


def test_make_and_check(tmp_path):
    pytest.importorskip("torch")
    path = tmp_path / "new.safetensors"
    options = ["--preset", "dev2018", "-T", "5", "-B", "1", "--seed", "7"]
    result = run("make", *options, "--set", "k_trunc=2", "--set", "truncation=sliding", "--out", path)
    assert result.exit_code == 0, result.output
    assert "autograd and the complex step agree to" in result.output
    made = read(path)
    assert (made.config.k_trunc, made.config.truncation, made.config.margin) == (2, "sliding", -1e-7)
    assert made.x.shape == (5, 1, 3)
    assert run("check", path).exit_code == 0


def test_make_refuses_nonsense(tmp_path):
    out = tmp_path / "v.safetensors"
    assert "k_top is -1" in fails_in_one_line("make", "--set", "k_top=-1", "--out", out)
    assert "FIELD=VALUE" in fails_in_one_line("make", "--set", "k_top", "--out", out)
    assert "unknown config field ktop" in fails_in_one_line("make", "--set", "ktop=3", "--out", out)
    assert run("make", "-T", "0", "--out", out).exit_code == 2
    assert run("make", "--preset", "none", "--out", out).exit_code == 2
    assert run("make").exit_code == 2
    shipped = run("make", "--shipped", "--seed", "3", "--out", tmp_path)
    assert shipped.exit_code == 2
    assert "takes only --out, but got seed too" in shipped.output
    assert not out.exists()


def test_make_shipped_needs_a_folder(tmp_path):
    (tmp_path / "file").write_text("")
    assert "cannot be made" in fails_in_one_line("make", "--shipped", "--out", tmp_path / "file")


def test_make_shipped(tmp_path, monkeypatch):
    pytest.importorskip("torch")
    from sabcore.vectors.catalogue import CATALOGUE

    monkeypatch.setattr("sabcore.cli.vectors.CATALOGUE", {name: CATALOGUE[name] for name in ("released", "paper-tie")})
    result = run("make", "--shipped", "--out", tmp_path / "new" / "folder")
    assert result.exit_code == 0, result.output
    assert "ties broken towards the newer slot" in result.output
    assert run("check", tmp_path / "new" / "folder").exit_code == 0
