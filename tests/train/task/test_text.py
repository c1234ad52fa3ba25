"""Characters of a text: windows, splits, and files that are no text."""

import math
import zipfile

import numpy as np
import pytest
from matplotlib.figure import Figure

from sabcore.errors import ConfigError, FormatError
from sabcore.train.task import TextTask, task_from_dict, task_to_dict
from sabcore.train.task.text import load_text

WORDS = b"the cat sat on the mat. " * 100  # 2,400 characters


@pytest.fixture
def path(tmp_path):
    (tmp_path / "words.txt").write_bytes(WORDS)
    return str(tmp_path / "words.txt")


def decoded(task, codes):
    return bytes(task.text.alphabet[code] for code in codes)


def test_the_target_is_the_next_character(path):
    task = TextTask(7, path)
    x, target, weight, scored = task.batch(1, 2, 4, "float32")
    assert x.shape == (7, 4, len(set(WORDS))) == (7, 4, task.input_size)
    assert (x.sum(axis=-1) == 1).all()
    for b in range(4):
        window = decoded(task, [*x[:, b].argmax(axis=-1), target[-1, b]])
        assert window in WORDS
        assert window[1:] == decoded(task, target[:, b])
    assert scored.all()
    assert (weight == 1).all()
    np.testing.assert_array_equal(x, task.batch(1, 2, 4, "float32").x)


def test_ninety_per_cent_are_trained_on_and_the_last_five_evaluated(tmp_path):
    text = bytes([65]) * 900 + bytes([66]) * 50 + bytes([67]) * 50
    (tmp_path / "text").write_bytes(text)
    task = TextTask(3, str(tmp_path / "text"))
    assert {decoded(task, task.batch(0, step, 9, "float32").target[0])[0] for step in range(1, 9)} == {65}
    assert set(decoded(task, task.batch(0, 0, 50, "float32").target[0])) == {67}
    assert task.input_size == 3
    assert (len(task.text.train), len(task.text.test)) == (900, 50)


def test_a_zip_file_of_one_text_is_that_text(tmp_path, path):
    with zipfile.ZipFile(tmp_path / "text8.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("text8", WORDS)
    zipped = load_text(str(tmp_path / "text8.zip"))
    np.testing.assert_array_equal(zipped.train, load_text(path).train)
    with zipfile.ZipFile(tmp_path / "text8.zip", "a") as archive:
        archive.writestr("more", b"x")
    load_text.cache_clear()
    with pytest.raises(FormatError, match="holds 2 files, but should hold one text"):
        load_text(str(tmp_path / "text8.zip"))


def test_python_brings_a_text_along():
    task = TextTask()
    assert len(task.text.train) > 100_000
    assert 4 < task.chance < 6
    assert task.batch(0, 1, 2, "float32").x.shape == (100, 2, task.input_size)
    assert task.input_size < 256


def test_bits_and_chance():
    task = TextTask(50)
    batch = task.batch(0, 0, 200, "float64")
    share = np.bincount(task.text.train, minlength=task.input_size) / len(task.text.train)
    y = np.broadcast_to(np.log(np.maximum(share, 1e-9)), (50, 200, task.input_size))
    assert task.measure(y, batch) == pytest.approx(task.chance, rel=0.1)  # the end of the text is another text
    assert task.loss(y, batch)[0] == pytest.approx(task.measure(y, batch) * math.log(2), rel=1e-12)
    assert task.floor == pytest.approx(task.chance * math.log(2), rel=1e-12)
    uniform = np.zeros_like(y)
    assert task.measure(uniform, batch) == pytest.approx(math.log2(task.input_size), rel=1e-12)


def test_samples_can_be_looked_at(path):
    task = TextTask(30, path)
    batch = task.batch(0, 1, 4, "float32")
    task.draw(axes := Figure().add_subplot(), batch)
    assert [text.get_text() for text in axes.texts] == [
        decoded(task, codes).decode() for codes in batch.x.argmax(axis=-1).T
    ]


def test_files_that_are_no_text_are_refused_in_one_line(tmp_path, path):
    (tmp_path / "short").write_bytes(b"x" * 999)
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04" + bytes(2000) + b"PK\x05\x06" + bytes(18))
    for name, says in (("short", "holds 999 bytes"), ("nothing", "not there"), (".", "is no file"),
                       ("broken.zip", "holds 0 files")):  # fmt: skip
        with pytest.raises(FormatError, match=says) as caught:
            load_text(str(tmp_path / name))
        assert "\n" not in str(caught.value)
    with pytest.raises(ConfigError, match="this part of the text has 120 characters"):
        TextTask(120, path).batch(0, 0, 1, "float32")


def test_a_damaged_zip_file_is_refused_in_one_line(tmp_path):
    with zipfile.ZipFile(tmp_path / "text8.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("text8", np.random.default_rng(0).choice([97, 98, 99], 9000).astype("uint8").tobytes())
    whole = (tmp_path / "text8.zip").read_bytes()
    for at in (40, 60, 2000):
        data = bytearray(whole)
        data[at : at + 40] = b"\xff" * 40
        path = tmp_path / f"damaged{at}.zip"
        path.write_bytes(data)
        with pytest.raises(FormatError, match="cannot be read") as caught:
            load_text(str(path))
        assert "\n" not in str(caught.value)


def test_a_task_survives_its_description(path):
    for task in (TextTask(), TextTask(9, path)):
        assert task_from_dict(task_to_dict(task)) == task


@pytest.mark.parametrize("field", [{"T": 0}, {"T": "9"}, {"path": 3}])
def test_bad_fields_are_refused_by_name(field):
    with pytest.raises(ConfigError, match=f"{next(iter(field))} is"):
        TextTask(**field)
