"""Sequential images, on scikit-learn's digits and on small files of the test's own."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from sklearn.datasets import load_digits

from sabcore.errors import ConfigError
from sabcore.train.task import ImageTask, images, task_from_dict, task_to_dict
from sabcore.train.task.datasets import DIGITS_TEST, Images

PIXELS, LABELS = load_digits(return_X_y=True)


def test_digits_come_pixel_by_pixel_and_the_class_is_asked_for_at_the_end():
    x, target, weight, scored = ImageTask().batch(1, 3, 5, "float32")
    assert (x.shape, x.dtype) == ((64, 5, 1), "float32")
    train = PIXELS[:-DIGITS_TEST] / 16
    for b in range(5):
        places = np.flatnonzero(abs(train - x[:, b, 0]).max(axis=1) == 0)
        assert target[-1, b] in LABELS[places]
    assert not target[:-1].any()
    assert (scored == (np.arange(64) == 63)[:, None]).all()
    assert (weight == scored).all()
    np.testing.assert_array_equal(x, ImageTask().batch(1, 3, 5, "float32").x)
    assert (x != ImageTask().batch(1, 4, 5, "float32").x).any()


def test_evaluation_takes_every_test_image_once():
    batch = ImageTask().batch(7, 0, DIGITS_TEST, "float64")
    got = sorted(map(tuple, batch.x[..., 0].T))
    assert got == sorted(map(tuple, PIXELS[-DIGITS_TEST:] / 16))
    assert sorted(batch.target[-1]) == sorted(LABELS[-DIGITS_TEST:])
    with pytest.raises(ConfigError, match="361 test images are asked for, but there are 360"):
        ImageTask().batch(7, 0, DIGITS_TEST + 1, "float64")


def test_a_permutation_is_one_fixed_order_for_all():
    plain, mixed = ImageTask(), ImageTask(permutation=3)
    assert sorted(mixed.order) == list(range(64))
    for step in (0, 1):
        a, b = plain.batch(1, step, 6, "float32"), mixed.batch(1, step, 6, "float32")
        np.testing.assert_array_equal(a.x[mixed.order], b.x)
        np.testing.assert_array_equal(a.target, b.target)
    assert (ImageTask(permutation=4).order != mixed.order).any()


def test_shrinking_averages_squares():
    task = ImageTask(shrink=4)
    x, whole = task.batch(1, 1, 3, "float64").x, ImageTask().batch(1, 1, 3, "float64").x
    assert (task.length, x.shape) == (4, (4, 3, 1))
    squares = whole[..., 0].T.reshape(3, 8, 8)
    np.testing.assert_allclose(x[1, :, 0], squares[:, :4, 4:].mean(axis=(1, 2)), rtol=1e-14)


@pytest.mark.parametrize("permutation", [None, 3])
def test_colours_stay_with_their_pixel_and_pictures_are_put_together_again(monkeypatch, permutation):
    pixels = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3)).astype("uint8")
    labels = np.arange(4, dtype="uint8")
    monkeypatch.setattr(images, "load_images", lambda source, folder: Images(pixels, labels, pixels, labels))
    task = ImageTask("cifar10", "somewhere", permutation)
    batch = task.batch(1, 0, 4, "float64")
    assert batch.x.shape == (1024, 4, 3)
    np.testing.assert_array_equal(batch.x[5], pixels.reshape(4, 1024, 3)[batch.target[-1], task.order[5]] / 255)
    task.draw(axes := Figure().add_subplot(), batch)
    np.testing.assert_array_equal(axes.images[0].get_array(), np.concatenate(pixels[batch.target[-1]] / 255, axis=1))


def test_loss_and_metric_look_at_the_last_step_alone():
    task = ImageTask()
    batch = task.batch(1, 1, 6, "float64")
    y = np.zeros((64, 6, 10))
    loss, dy = task.loss(y, batch)
    assert loss == pytest.approx(task.floor, rel=1e-14)
    assert not dy[:-1].any()
    y[-1] = np.eye(10)[batch.target[-1]]
    y[-1, 0] = -y[-1, 0]
    assert task.measure(y, batch) == 5 / 6


def test_a_task_survives_its_description():
    for task in (ImageTask(), ImageTask("mnist", "/data", 3, 2)):
        assert task_from_dict(task_to_dict(task)) == task


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"source": "faces"}, "source is 'faces'"),
        ({"source": ["digits"]}, "source is"),
        ({"source": "mnist"}, "source 'mnist' needs folder"),
        ({"folder": "/data"}, "source 'digits' needs no folder"),
        ({"source": "mnist", "folder": 3}, "folder is 3"),
        ({"permutation": -1}, "permutation is -1"),
        ({"permutation": True}, "permutation is True"),
        ({"shrink": 0}, "shrink is 0"),
        ({"shrink": 3}, "shrink is 3, but should divide 8"),
    ],
)
def test_bad_fields_are_refused_by_name(fields, says):
    with pytest.raises(ConfigError, match=says):
        ImageTask(**fields)
