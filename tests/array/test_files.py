"""Files are written whole or not at all."""

import numpy as np
import pytest

from sabcore.array import files
from sabcore.errors import FormatError


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path, monkeypatch):
    path = tmp_path / "a.safetensors"
    files.write_tensors(path, {"a": np.arange(3.0)}, {"k": "v"})
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(FormatError, match="cannot be written: No space left on device"):
        files.write_tensors(path, {"a": np.zeros(3)}, {})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_strided_arrays_keep_their_values(tmp_path):
    a = np.arange(12.0).reshape(3, 4)
    files.write_tensors(tmp_path / "a", {"t": a.T, "s": a[::2, 1:]}, {"k": "v"})
    tensors, metadata = files.read_tensors(tmp_path / "a")
    np.testing.assert_array_equal(tensors["t"], a.T)
    np.testing.assert_array_equal(tensors["s"], a[::2, 1:])
    assert metadata == {"k": "v"}


def test_a_missing_folder_is_one_line(tmp_path):
    with pytest.raises(FormatError, match="cannot be written: No such file or directory"):
        files.write_tensors(tmp_path / "no" / "a", {"a": np.zeros(1)}, {})
    with pytest.raises(FormatError, match="is a folder, but should be a file"):
        files.read_tensors(tmp_path)


def test_new_files_have_the_usual_permissions(tmp_path):
    (tmp_path / "usual").touch()
    files.write_atomically(tmp_path / "ours", b"")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "usual").stat().st_mode
