"""What the recall of a trained copy demo reads, against weights and states made for it."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from sabcore import SABConfig
from sabcore.demos import copy_reads
from sabcore.demos.copy_reads import shares, studies
from sabcore.train.model import Recurrent
from sabcore.train.run import Run
from sabcore.train.settings import Settings
from sabcore.train.task import AddingTask, CopyTask

SIZES = {"input_size": 10, "hidden_size": 4, "output_size": 10}


@pytest.mark.parametrize(
    ("config", "slots"),
    [
        (SABConfig.paper(**SIZES, k_top=2, k_trunc=5), [0, 1, 9, 10, 14, 15]),  # of steps 1, 2, 10, 11, 15, 16
        (SABConfig.released(**SIZES, k_top=2, k_trunc=5, k_att=1), [1, 2, 10, 11, 15, 16]),  # slot 0 is h0
    ],
)
def test_a_weight_goes_to_the_place_of_the_step_that_wrote_its_slot(config, slots):
    """T = 5: symbols at steps 1 to 10, the wait to step 15, the recall at 16 to 25; the second is due at step 17."""
    w = np.zeros((25, 2, 25 + (config.first_slot == 0)))
    w[16, 1, slots] = [1, 2, 4, 8, 16, 32]
    found = shares(config, w, 5)
    assert found[:, 1, 1].tolist() == [2, 1 + 4, 8 + 16, 32]
    assert found.sum() == w.sum()


def test_a_run_is_studied_at_each_wait(tmp_path, monkeypatch):
    monkeypatch.setattr(copy_reads, "MULTIPLES", (1, 3))
    monkeypatch.setattr(copy_reads, "EVALUATED", 8)
    settings = Settings(CopyTask(4), batch_size=3, learning_rate=0.01, seed=5, dtype="float32", clip_norm=1.0)
    model = Recurrent(SABConfig.paper(**SIZES, k_top=2, k_trunc=5))
    with Run.create(tmp_path / "run", settings, {"sab": model}, {}) as run:
        list(run.train(2))
    (found,) = json.loads(CliRunner().invoke(copy_reads.main, [str(tmp_path / "run")]).stdout)["runs"]
    assert found["seed"] == 5
    assert [wait["T"] for wait in found["waits"]] == [4, 12]
    assert found["waits"][0]["moved"] == 0 < found["waits"][1]["moved"]
    for wait in found["waits"]:
        kinds = [wait[kind] for kind in ("right", "wrong") if wait[kind]["answers"]]
        assert sum(kind["answers"] for kind in kinds) == 80
        assert wait["recalled"] == wait["right"]["answers"] / 80
        for kind in kinds:
            assert sum(kind[place] for place in copy_reads.PLACES) == pytest.approx(1, abs=1e-3)


def test_a_run_of_something_else_is_refused(tmp_path):
    config = SABConfig.paper(input_size=2, hidden_size=4, output_size=1, k_top=2, k_trunc=5)
    Run.create(tmp_path, Settings(AddingTask(4), 3, 0.01, 0, "float32", 1.0), {"sab": Recurrent(config)}, {}).close()
    with pytest.raises(copy_reads.FormatError, match="should hold one of sab demo copy"):
        studies(tmp_path)
