"""Published image files, read byte by byte: small ones of the test's own, right, damaged and hostile."""

import gzip

import numpy as np
import pytest

from sabcore.errors import FormatError
from sabcore.train.task import datasets
from sabcore.train.task.datasets import _cifar10, _mnist, load_images

COUNT = 5


@pytest.fixture
def mnist(tmp_path, monkeypatch):
    """A folder with five images a part, and what is in them; one file is compressed."""
    parts = {part: (images, labels, COUNT) for part, (images, labels, _) in datasets.MNIST.items()}
    monkeypatch.setattr(datasets, "MNIST", parts)
    rng, data = np.random.default_rng(0), {}
    for part, (images, labels, _) in parts.items():
        pixels = rng.integers(0, 256, (COUNT, 28, 28)).astype("uint8")
        classes = rng.integers(0, 10, COUNT).astype("uint8")
        (tmp_path / images).write_bytes(b"\0\0\x08\x03\0\0\0\x05\0\0\0\x1c\0\0\0\x1c" + pixels.tobytes())
        (tmp_path / f"{labels}.gz").write_bytes(gzip.compress(b"\0\0\x08\x01\0\0\0\x05" + classes.tobytes()))
        data[part] = (pixels, classes)
    load_images.cache_clear()
    yield tmp_path, data
    load_images.cache_clear()


def test_mnist_is_read_as_it_was_written(mnist):
    folder, data = mnist
    images = load_images("mnist", str(folder))
    assert images.train.shape == (COUNT, 28, 28, 1)
    for part, pixels, labels in (
        ("train", images.train, images.train_labels),
        ("test", images.test, images.test_labels),
    ):
        np.testing.assert_array_equal(pixels[..., 0], data[part][0])
        np.testing.assert_array_equal(labels, data[part][1])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda data: data[:-1], "holds 3935 bytes, but should hold 3936"),
        (lambda data: data + b"x", "holds more bytes"),
        (lambda data: b"", "holds 0 bytes"),
        (lambda data: b"\0\0\x0d" + data[3:], "does not begin as an idx file"),
        (lambda data: data[:4] + b"\xff" * 4 + data[8:], "does not begin as an idx file"),
    ],
)
def test_damaged_idx_files_are_refused_in_one_line(mnist, change, says):
    path = mnist[0] / "train-images-idx3-ubyte"
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(FormatError, match=says) as caught:
        _mnist(mnist[0], "train")
    assert "\n" not in str(caught.value)


def test_damaged_and_hostile_compressed_files_are_refused(mnist):
    path = mnist[0] / "t10k-labels-idx1-ubyte.gz"
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[12] ^= 255
    bomb = gzip.compress(b"\0" * 10**7)
    for data, says in ((whole[:-9], "cannot be read"), (bytes(flipped), "cannot be read|does not begin|holds"),
                       (b"hello", "cannot be read"), (bomb, "holds more bytes"), (b"", "holds 0 bytes")):  # fmt: skip
        path.write_bytes(data)
        with pytest.raises(FormatError, match=says):
            _mnist(mnist[0], "test")
    path.unlink()
    with pytest.raises(FormatError, match=r"cannot be read: .*No such file"):
        _mnist(mnist[0], "test")


def test_a_class_that_is_none_is_refused(mnist):
    path = mnist[0] / "train-labels-idx1-ubyte.gz"
    path.write_bytes(gzip.compress(b"\0\0\x08\x01\0\0\0\x05" + bytes([0, 1, 10, 2, 3])))
    with pytest.raises(FormatError, match="holds class 10, but should hold classes 0 to 9"):
        _mnist(mnist[0], "train")


def test_cifar10_is_read_as_it_was_written(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets, "CIFAR_ROWS", 2)
    pixels = np.random.default_rng(0).integers(0, 256, (10, 3, 32, 32)).astype("uint8")
    for k in range(5):
        rows = [bytes([(2 * k + i) % 10]) + pixels[2 * k + i].tobytes() for i in range(2)]
        (tmp_path / f"data_batch_{k + 1}.bin").write_bytes(b"".join(rows))
    got, labels = _cifar10(tmp_path, "train")
    np.testing.assert_array_equal(got, pixels.transpose(0, 2, 3, 1))
    assert labels.tolist() == list(range(10))
    (tmp_path / "test_batch.bin").write_bytes(bytes([11]) + bytes(6145))
    with pytest.raises(FormatError, match="holds class 11"):
        _cifar10(tmp_path, "test")
    (tmp_path / "test_batch.bin").write_bytes(b"\x80\x02}q\x01")  # a pickle, as the Python version has it
    with pytest.raises(FormatError, match="holds 5 bytes, but should hold 6146"):
        _cifar10(tmp_path, "test")
