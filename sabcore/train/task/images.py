"""Sequential images: a picture comes one pixel a step, and its class is asked for at the end."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sabcore.array.checks import check_whole
from sabcore.errors import ConfigError
from sabcore.train.task.base import Batch
from sabcore.train.task.checks import check_choice
from sabcore.train.task.classes import Classification
from sabcore.train.task.datasets import CLASSES, SOURCES, load_images

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class ImageTask(Classification):
    """One pixel of an image a step, row by row; the class is asked for at the last.

    Training batches are drawn from the training images; evaluation (step 0) takes test images, none of them twice.

    Attributes:
        source: `digits` (scikit-learn's 8 x 8, no download), `mnist` (28 x 28) or `cifar10` (32 x 32, three colours).
        folder: where the files of `mnist` and `cifar10` are; see `sabcore.train.task.datasets`.
        permutation: the seed of one fixed order of the pixels for all images (None: as they come).
        shrink: pixels are averaged over squares of so many; it must divide the image's side.

    Raises:
        ConfigError: a field outside its range. FormatError: files that are not there, or not what they claim to be.
    """

    source: str = "digits"
    folder: str | None = None
    permutation: int | None = None
    shrink: int = 1

    name = "images"
    output_size = CLASSES
    chance = 1 / CLASSES
    floor = math.log(CLASSES)

    def __post_init__(self) -> None:
        check_choice("source", self.source, tuple(SOURCES))
        if self.folder is not None and not isinstance(self.folder, str):
            raise ConfigError(f"folder is {self.folder!r}, but should be the path of a folder, or null")
        if (self.folder is None) != (self.source == "digits"):
            raise ConfigError(f"source {self.source!r} needs {'no ' * (self.source == 'digits')}folder")
        if self.permutation is not None:
            check_whole("permutation", self.permutation, 0, 2**64)
        check_whole("shrink", self.shrink, 1, SOURCES[self.source].side)
        if SOURCES[self.source].side % self.shrink:
            raise ConfigError(
                f"shrink is {self.shrink}, but should divide {SOURCES[self.source].side}, the image's side"
            )

    @property
    def side(self) -> int:
        """Rows and columns of what is left of an image."""
        return SOURCES[self.source].side // self.shrink

    @property
    def input_size(self) -> int:
        """The colours of a pixel."""
        return SOURCES[self.source].channels

    @property
    def length(self) -> int:
        """Steps of a sequence."""
        return self.side**2

    @property
    def order(self) -> np.ndarray:
        """(length,), the pixel that comes at each step."""
        if self.permutation is None:
            return np.arange(self.length)
        return np.random.default_rng(self.permutation).permutation(self.length)

    def batch(self, seed: int, step: int, batch_size: int, dtype: str) -> Batch:
        """x (length,B,channels) in [0, 1], target weight scored (length,B)."""
        images = load_images(self.source, self.folder)
        rng = np.random.default_rng([seed, step])
        if step == 0:
            pixels, labels = images.test, images.test_labels
            if batch_size > len(pixels):
                raise ConfigError(f"{batch_size} test images are asked for, but there are {len(pixels)}")
            chosen = rng.permutation(len(pixels))[:batch_size]
        else:
            pixels, labels = images.train, images.train_labels
            chosen = rng.integers(0, len(pixels), batch_size)
        x = self._shrunk(pixels[chosen]).reshape(batch_size, self.length, -1)[:, self.order]
        target = np.zeros((self.length, batch_size), int)
        target[-1] = labels[chosen]
        scored = np.zeros(target.shape, dtype=bool)
        scored[-1] = True
        return Batch(np.ascontiguousarray(x.swapaxes(0, 1), dtype), target, scored.astype(dtype), scored)

    def draw(self, axes: Axes, batch: Batch) -> None:
        """The first images, put together again, with their classes."""
        few = min(8, batch.x.shape[1])
        pixels = np.empty((few, self.length, self.input_size))
        pixels[:, self.order] = batch.x[:, :few].swapaxes(0, 1)
        row = np.concatenate(list(pixels.reshape(few, self.side, self.side, -1)), axis=1)
        axes.imshow(row if self.input_size == 3 else row[..., 0], cmap="gray_r", interpolation="nearest")
        axes.set_xticks([(k + 0.5) * self.side for k in range(few)], [str(label) for label in batch.target[-1, :few]])
        axes.set_yticks([])

    def _shrunk(self, pixels: np.ndarray) -> np.ndarray:
        """pixels (n,S,S,channels) of whole numbers -> (n,side,side,channels) in [0, 1]."""
        n, _, _, channels = pixels.shape
        squares = pixels.reshape(n, self.side, self.shrink, self.side, self.shrink, channels)
        return squares.mean(axis=(2, 4)) / SOURCES[self.source].white
