"""Characters of a text: at each one, say which comes next."""

from __future__ import annotations

import functools
import math
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sabcore.array.checks import check_whole
from sabcore.array.library import Array
from sabcore.errors import ConfigError, FormatError
from sabcore.text import one_line
from sabcore.train.loss import softmax_cross_entropy
from sabcore.train.task.base import Batch
from sabcore.train.task.classes import Classification

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: More than this is read of no file.
LONGEST = 1 << 30
#: The per cent that is trained on, and where the test begins; what lies between is for validation. Of text8's 10^8
#: characters these are the 90, 5 and 5 millions that everybody takes.
TRAINED, TESTED = 90, 95


class Text(NamedTuple):
    """A text as numbers."""

    alphabet: bytes  # the bytes that occur, in order
    train: np.ndarray  # (n,) their places in the alphabet
    test: np.ndarray  # (m,) likewise


@dataclass(frozen=True)
class TextTask(Classification):
    """T characters, one-hot over the bytes that occur in the text; the target is the next character, at every step.

    The first 90 % are trained on; evaluation (step 0) takes windows of the last 5 %. The metric is bits per character.

    Attributes:
        T: the characters of a sequence. The model starts each from its zero state.
        path: any text file; text8, or its zip file, is split as it always is. None: the topics of Python's own help,
            which every Python brings along, in a wording of its own in every version.

    Raises:
        ConfigError: a field outside its range. FormatError: no such file, or too short a text.
    """

    T: int = 100
    path: str | None = None

    name = "text"
    metric = "bits"
    higher_is_better = False

    def __post_init__(self) -> None:
        check_whole("T", self.T, 1, 100_000)
        if self.path is not None and not isinstance(self.path, str):
            raise ConfigError(f"path is {self.path!r}, but should be the path of a text file, or null")

    @property
    def text(self) -> Text:
        """The text, read once."""
        return load_text(self.path)

    @property
    def input_size(self) -> int:
        """The characters that occur."""
        return len(self.text.alphabet)

    @property
    def output_size(self) -> int:
        """The same."""
        return self.input_size

    @property
    def chance(self) -> float:
        """Bits per character of who knows how frequent each one is, and nothing else."""
        share = np.bincount(self.text.train, minlength=self.input_size) / len(self.text.train)
        return float(-(share[share > 0] * np.log2(share[share > 0])).sum())

    @property
    def floor(self) -> float:
        """The same, as a loss."""
        return self.chance * math.log(2)

    def batch(self, seed: int, step: int, batch_size: int, dtype: str) -> Batch:
        """x (T,B,I), target weight scored (T,B): windows that begin anywhere."""
        codes = self.text.test if step == 0 else self.text.train
        if len(codes) <= self.T:
            raise ConfigError(f"T is {self.T}, but this part of the text has {len(codes)} characters")
        starts = np.random.default_rng([seed, step]).integers(0, len(codes) - self.T, batch_size)
        windows = codes[starts + np.arange(self.T + 1)[:, None]]
        ones = np.ones((self.T, batch_size), dtype)
        return Batch(np.eye(self.input_size, dtype=dtype)[windows[:-1]], windows[1:].astype(int), ones, ones > 0)

    def measure(self, y: Array, batch: Batch) -> float:
        """Bits per character."""
        return softmax_cross_entropy(y, batch.target)[0].item() / math.log(2)

    def draw(self, axes: Axes, batch: Batch) -> None:
        """The first windows, as text."""
        for k, codes in enumerate(batch.x[:, :6].argmax(axis=-1).T):
            line = bytes(self.text.alphabet[code] for code in codes).decode("utf-8", "replace")
            shown = "".join(c if c.isprintable() else "␣" for c in line[:100])
            axes.text(0, 1 - k / 6, shown, family="monospace", fontsize=7, va="top", parse_math=False)
        axes.set_axis_off()


@functools.lru_cache(maxsize=2)
def load_text(path: str | None) -> Text:
    """The text of a file, of the one file in a zip file, or of Python's help.

    Raises:
        FormatError: it cannot be read, or is too short to be split.
    """
    data = _help() if path is None else _read(Path(path))
    if len(data) < 1000:
        raise FormatError(f"{path} holds {len(data)} bytes, but a text to learn should have 1,000 at least")
    alphabet, codes = np.unique(np.frombuffer(data, "uint8"), return_inverse=True)
    codes = codes.astype("uint8")
    trained, tested = TRAINED * len(codes) // 100, TESTED * len(codes) // 100
    return Text(alphabet.tobytes(), codes[:trained], codes[tested:])


def _read(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise FormatError(f"{path} is not there, or is no file")
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                if len(names := archive.namelist()) != 1:
                    raise FormatError(f"{path} holds {len(names)} files, but should hold one text")
                with archive.open(names[0]) as file:
                    return _limited(path, file.read(LONGEST + 1))
        with open(path, "rb") as file:
            return _limited(path, file.read(LONGEST + 1))
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
        raise FormatError(f"{path} cannot be read: {one_line(error)}") from error


def _limited(path: Path, data: bytes) -> bytes:
    if len(data) > LONGEST:
        raise FormatError(f"{path} holds more than {LONGEST} bytes of text")
    return data


def _help() -> bytes:
    from pydoc_data.topics import topics

    return "\n\n".join(topics[name] for name in sorted(topics)).encode()
