"""Images from the files that their authors publish, read byte by byte: nothing is unpickled, nothing downloaded.

`mnist`: the four idx files, as they are or with `.gz`. `cifar10`: the binary version, `data_batch_1.bin` to
`data_batch_5.bin` and `test_batch.bin`. `digits`: scikit-learn's own.
"""

from __future__ import annotations

import functools
import gzip
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sabcore.errors import ConfigError, FormatError
from sabcore.text import one_line

CLASSES = 10


class Source(NamedTuple):
    """What the images of a source are like."""

    side: int  # rows, and columns
    channels: int  # numbers a pixel
    white: int  # the largest of them


SOURCES = {"digits": Source(8, 1, 16), "mnist": Source(28, 1, 255), "cifar10": Source(32, 3, 255)}
#: Of scikit-learn's 1,797 digits, which have no split of their own, the last are the test images: other writers.
DIGITS_TEST = 360
#: MNIST's file names, images and labels, and how many there are; CIFAR-10's, with 10,000 images each.
MNIST = {"train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", 60_000),
         "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte", 10_000)}  # fmt: skip
CIFAR = {"train": [f"data_batch_{k}.bin" for k in range(1, 6)], "test": ["test_batch.bin"]}
CIFAR_ROWS = 10_000


class Images(NamedTuple):
    """A source's images (n,side,side,channels) and their classes (n,), in bytes."""

    train: np.ndarray
    train_labels: np.ndarray
    test: np.ndarray
    test_labels: np.ndarray


@functools.lru_cache(maxsize=2)
def load_images(source: str, folder: str | None) -> Images:
    """All images of the source, in memory.

    Raises:
        FormatError: a file is not there, or is not what its name says.
        ConfigError: scikit-learn is needed and not installed.
    """
    if source == "digits":
        return _digits()
    read = _mnist if source == "mnist" else _cifar10
    train, train_labels = read(Path(folder or "."), "train")
    test, test_labels = read(Path(folder or "."), "test")
    return Images(train, train_labels, test, test_labels)


def _digits() -> Images:
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise ConfigError('the digits come with scikit-learn: pip install "sabcore[data]"') from error
    pixels, labels = load_digits(return_X_y=True)
    pixels, labels = pixels.reshape(-1, 8, 8, 1).astype("uint8"), labels.astype("uint8")
    return Images(pixels[:-DIGITS_TEST], labels[:-DIGITS_TEST], pixels[-DIGITS_TEST:], labels[-DIGITS_TEST:])


def _mnist(folder: Path, part: str) -> tuple[np.ndarray, np.ndarray]:
    images, labels, count = MNIST[part]
    pixels = _idx(folder / images, (count, 28, 28))
    return pixels[..., None], _classes(folder / labels, _idx(folder / labels, (count,)))


def _idx(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    """The bytes of an idx file: two zeros, 8 for bytes, the number of axes, each as a 4-byte number, the values."""
    header = bytes([0, 0, 8, len(shape)]) + b"".join(size.to_bytes(4, "big") for size in shape)
    data = _read(path, len(header) + int(np.prod(shape)))
    if not data.startswith(header):
        raise FormatError(f"{path} does not begin as an idx file of bytes of shape {shape} does")
    return np.frombuffer(data, "uint8", offset=len(header)).reshape(shape)


def _cifar10(folder: Path, part: str) -> tuple[np.ndarray, np.ndarray]:
    """Rows of one byte of class and 3,072 of pixels: 1,024 red ones, then green, then blue."""
    rows = []
    for name in CIFAR[part]:
        data = np.frombuffer(_read(folder / name, CIFAR_ROWS * 3073), "uint8").reshape(CIFAR_ROWS, 3073)
        _classes(folder / name, data[:, 0])
        rows.append(data)
    table = np.concatenate(rows)
    return table[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1), table[:, 0]


def _classes(path: Path, labels: np.ndarray) -> np.ndarray:
    if labels.max() >= CLASSES:
        raise FormatError(f"{path} holds class {labels.max()}, but should hold classes 0 to {CLASSES - 1}")
    return labels


def _read(path: Path, size: int) -> bytes:
    """Exactly `size` bytes of the file, or of the file with `.gz`; never more, whatever a compressed file holds."""
    try:
        packed = path.with_name(path.name + ".gz")
        with open(path, "rb") if path.is_file() or not packed.is_file() else gzip.open(packed, "rb") as file:
            data = file.read(size + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise FormatError(f"{path} cannot be read: {one_line(error)}") from error
    if len(data) != size:
        raise FormatError(f"{path} holds {'more' if len(data) > size else len(data)} bytes, but should hold {size}")
    return data
