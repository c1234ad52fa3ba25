"""The readers in C and JavaScript read every tensor of a vector file, where a compiler and node are found."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from sabcore.vectors import read
from sabcore.vectors.check import find

READERS = Path(__file__).parents[2] / "docs" / "readers"
FILES = [path for path in find([]) if path.stem in ("paper-full", "lstm-no-state")]


@pytest.fixture(scope="module")
def in_c(tmp_path_factory):
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    program = tmp_path_factory.mktemp("c") / "read_vector"
    strict = ["-O2", "-Wall", "-Wextra", "-Werror"]
    subprocess.run([compiler, *strict, "-o", program, READERS / "read_vector.c", "-lm"], check=True)
    return [str(program)]


@pytest.fixture(scope="module")
def in_javascript():
    if shutil.which("node") is None:
        pytest.skip("there is no node")
    return ["node", str(READERS / "read_vector.mjs")]


@pytest.mark.parametrize("language", ["in_c", "in_javascript"])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_tensor_is_read(language, path, request):
    command = request.getfixturevalue(language)
    for name, value in read(path).tensors().items():
        said = subprocess.run([*command, str(path), name], capture_output=True, text=True, check=True).stdout
        dtype, shape, total = said.split()
        assert dtype == "F64"
        assert shape == f"[{','.join(map(str, value.shape))}]"
        assert abs(float(total) - np.sum(value**2)) <= 1e-13 * np.sum(value**2)


def test_what_is_no_vector_fails(in_c, tmp_path):
    (tmp_path / "no").write_bytes(b"no")
    assert subprocess.run([*in_c, str(tmp_path / "no"), "x"], capture_output=True).returncode == 2
    assert subprocess.run([*in_c, str(FILES[0]), "nothing"], capture_output=True).returncode == 2


@pytest.mark.parametrize("name", ["read_vector.c", "read_vector.mjs"])
def test_they_are_short(name):
    assert len((READERS / name).read_text().splitlines()) < 40
