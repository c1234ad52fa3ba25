"""Settings: what is refused, how the learning rate falls, and what a step of a model trains on."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from sabcore.errors import ConfigError
from sabcore.train.curriculum import Curriculum, Progress
from sabcore.train.outliers import Outliers
from sabcore.train.settings import Settings
from sabcore.train.task import AddingTask, CopyTask, ImageTask

PLAIN = Settings(CopyTask(2), batch_size=3, learning_rate=0.5, seed=5, dtype="float32", clip_norm=1.0)
GROWING = replace(PLAIN, task=CopyTask(40), decay=4, curriculum=Curriculum(longest=80), patience={"sab": 6})


@pytest.mark.parametrize(
    "field", [{"batch_size": 0}, {"batch_size": 2.0}, {"batch_size": 10**9}, {"seed": -1}, {"seed": True},
              {"seed": 10**40}, {"learning_rate": 0.0}, {"learning_rate": math.nan}, {"learning_rate": "1"},
              {"learning_rate": 1e39}, {"learning_rate": 10**400}, {"learning_rate": 1e-300}, {"clip_norm": math.inf},
              {"hold": 0, "decay": 3}, {"hold": 2.5, "decay": 3}, {"decay": -1, "hold": 3}, {"dtype": "float16"},
              {"dtype": "complex128"}, {"dtype": 3}, {"patience": {"sab": 0}}, {"patience": {"sab": "x"}},
              {"average": 0.0},
              {"average": 1.0}, {"average": 1}, {"average": math.nan}, {"average": "x"}],
)  # fmt: skip
def test_bad_settings_are_refused_by_name(field):
    with pytest.raises(ConfigError, match=f"^{next(iter(field))} "):
        replace(PLAIN, **field)


@pytest.mark.parametrize(
    ("field", "says"),
    [
        ({"hold": 3}, "hold and decay go together"),
        ({"decay": 3}, "hold and decay go together"),
        ({"curriculum": Curriculum()}, "give decay, and no hold"),
        ({"curriculum": Curriculum(), "hold": 3, "decay": 3}, "give decay, and no hold"),
        ({"curriculum": Curriculum(longest=39), "decay": 3, "task": CopyTask(40)}, "longest is 39, but .* least 40"),
    ],
)
def test_options_that_do_not_go_together_are_refused(field, says):
    with pytest.raises(ConfigError, match=says):
        replace(PLAIN, **field)


def test_the_learning_rate_holds_and_then_falls_to_zero():
    settings, progress, rates = replace(PLAIN, hold=2, decay=4), PLAIN.beginning, []
    while not settings.is_done(progress):
        rates.append(settings.optimiser(progress).learning_rate)
        progress = settings.advance(progress, 0.0)
    assert rates == [0.5, 0.5, 0.5, 0.375, 0.25, 0.125]


def test_without_a_schedule_it_never_ends():
    progress = PLAIN.beginning
    for _ in range(100):
        assert PLAIN.optimiser(progress).learning_rate == 0.5
        assert PLAIN.length(1, progress) is None
        progress = PLAIN.advance(progress, 1.0)
    assert not PLAIN.is_done(progress)


def test_under_a_curriculum_it_falls_once_the_goal_is_reached():
    progress, reached = GROWING.beginning, []
    assert progress == Progress(5)
    while not GROWING.is_done(progress):
        reached.append((progress.T, GROWING.optimiser(progress).learning_rate))
        progress = GROWING.advance(progress, 1.0)
    assert reached[-5:] == [(38, 0.5), (40, 0.5), (40, 0.375), (40, 0.25), (40, 0.125)]
    assert [T for T, _ in reached].count(5) == 25


def test_a_batch_depends_on_step_and_length_alone_and_lengths_on_the_step():
    lengths = [GROWING.length(step, Progress(10)) for step in range(1, 60)]
    assert lengths == [GROWING.length(step, Progress(10)) for step in range(1, 60)]
    assert set(lengths) <= set(range(5, 21))
    assert len(set(lengths)) > 5
    assert any(GROWING.length(step, Progress(40, fallen=1)) == 80 for step in range(999))
    assert GROWING.batch(3, 7).x.shape == (27, 3, 10)
    assert PLAIN.batch(3, None).x.shape == (22, 3, 10)
    np.testing.assert_array_equal(GROWING.batch(3, 7).x, GROWING.batch(3, 7).x)


def test_who_is_stuck():
    assert not GROWING.is_stuck("sab", Progress(5, since=5))
    assert GROWING.is_stuck("sab", Progress(5, since=6))
    assert not GROWING.is_stuck("lstm", Progress(5, since=600))
    assert not GROWING.is_stuck("sab", Progress(40, since=600, fallen=2))


@pytest.mark.parametrize(
    "settings",
    [PLAIN, GROWING, replace(PLAIN, hold=3, decay=9, average=0.99), replace(PLAIN, outliers=Outliers(3.5, 7))],
)
def test_settings_survive_their_description(settings):
    assert Settings.from_dict(json.loads(json.dumps(settings.to_dict()))) == settings


@pytest.mark.parametrize(
    "change", [{"extra": 1}, {"curriculum": {"nonsense": 1}}, {"task": {}}, {"patience": 3}, {"outliers": {}},
               {"outliers": {"times": 2.0}}, {"outliers": 3}],
)  # fmt: skip
def test_foreign_descriptions_are_refused(change):
    with pytest.raises((ConfigError, TypeError, AttributeError)):
        Settings.from_dict({**PLAIN.to_dict(), **change})
    with pytest.raises(ConfigError, match="the settings lack seed"):
        Settings.from_dict({key: value for key, value in PLAIN.to_dict().items() if key != "seed"})


def test_a_description_from_before_there_were_outliers_is_one_without_any():
    assert "outliers" not in PLAIN.to_dict()
    assert Settings.from_dict(PLAIN.to_dict()).outliers is None


def test_a_goal_at_or_below_the_start_has_been_reached_at_once():
    for T in (5, 3):
        assert replace(GROWING, task=CopyTask(T)).beginning == Progress(T, fallen=0)
    assert replace(GROWING, task=CopyTask(6)).beginning == Progress(5)


def test_a_task_without_a_length_has_no_curriculum():
    with pytest.raises(ConfigError, match="task 'images' has no length T that a curriculum could grow"):
        replace(GROWING, task=ImageTask())


def test_an_error_has_to_fall_for_a_task_to_grow():
    settings = replace(GROWING, task=AddingTask(40), curriculum=Curriculum(enough=0.1, window=2, longest=80))
    for error, T in ((0.05, 6), (0.5, 5)):
        progress = settings.advance(settings.advance(settings.beginning, error), error)
        assert progress.T == T


def test_a_length_depends_on_the_seed_and_tells_nothing_of_the_data():
    lengths = [GROWING.length(step, Progress(10)) for step in range(1, 200)]
    assert lengths != [replace(GROWING, seed=6).length(step, Progress(10)) for step in range(1, 200)]
    low = np.array([GROWING.batch(step, 10).target[-10] <= 4 for step in range(1, 200)])  # of each sequence
    for is_ten in (True, False):
        shares = low[(np.array(lengths) == 10) == is_ten].mean(axis=0)
        assert (abs(shares - 0.5) < 5 * 0.5 / 90**0.5).all()  # five deviations of the fewest cases


@pytest.mark.parametrize("name", ["start", "growth", "enough", "window", "spread", "longest"])
def test_no_default_of_today_stands_in_for_a_field_of_a_curriculum(name):
    fields = json.loads(json.dumps(GROWING.to_dict()))
    del fields["curriculum"][name]
    with pytest.raises(ConfigError, match=f"the curriculum lack {name}"):
        Settings.from_dict(fields)
