"""The networks of all trainings of a run, and what is recorded of each."""

from pathlib import Path

import numpy as np
import pytest
import torch

import nerveseg
from nerveseg.engines.trainings import open_trainings
from nerveseg.models.weights import Description, save_weights
from nerveseg.params.predict import PredictParams
from nerveseg.params.train import Run
from nerveseg.params.trainings import FIRST, Training, weights_of

SIZE = (32, 48)
OPTIONS: dict[str, object] = {"width": 4}
PARAMS = PredictParams(tta="none", tta_weights="mean", batch=2, precision="fp32", engine="torch")


def test_every_training_gives_its_own_network_and_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    trainings = {FIRST: Training(0, 1), "fold1": Training(1, 1)}
    images = np.random.default_rng(0).integers(0, 256, (2, *SIZE), np.uint8)
    wanted = []
    for seed, name in enumerate(trainings):
        torch.manual_seed(seed)
        network = nerveseg.build("unet", in_channels=1, **OPTIONS)
        path = weights_of("narrow", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        save_weights(path, network, Description("unet", OPTIONS, 1, SIZE, {}))
        wanted.append(nerveseg.load(path).logits(images))
    opened = open_trainings("narrow", Run("unet", OPTIONS), trainings, PARAMS, lambda: images)
    assert [network.fold for network in opened.networks] == [0, 1]
    found = [network.source.logits(images) for network in opened.networks]
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    assert not np.allclose(found[0], found[1])
    assert list(opened.environments) == list(trainings)
    assert {each["engine"] for each in opened.environments.values()} == {"torch"}
    assert capsys.readouterr().out == "engine: torch\n" * 2
