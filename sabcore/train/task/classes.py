"""Tasks whose answers are classes: their loss, and their metric."""

from __future__ import annotations

from sabcore.array.library import Array
from sabcore.train.loss import softmax_cross_entropy, softmax_cross_entropy_backward
from sabcore.train.task.base import Batch


def accuracy(y: Array, batch: Batch) -> float:
    """y (T,B,O) -> the share of the scored answers that are right."""
    right = (y.argmax(axis=-1) == batch.target) & batch.scored
    return right.sum().item() / batch.scored.sum().item()


class Classification:
    """What a task with classes for answers inherits; its batches have target (T,B), the classes."""

    metric = "accuracy"
    higher_is_better = True

    def loss(self, y: Array, batch: Batch) -> tuple[Array, Array]:
        """y (T,B,O) -> the mean cross-entropy over every step by its weight, and its gradient."""
        loss, cache = softmax_cross_entropy(y, batch.target, batch.weight)
        return loss, softmax_cross_entropy_backward(1.0, cache)

    def measure(self, y: Array, batch: Batch) -> float:
        """y (T,B,O) -> the share of the scored answers that are right."""
        return accuracy(y, batch)
