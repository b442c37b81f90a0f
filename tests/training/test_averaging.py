"""The moving average of the weights, against the formula, and what is done with it."""

from copy import deepcopy
from pathlib import Path

import pytest
import runs
import torch
from safetensors.torch import load_file
from tiny_training import settings
from torch import nn

from nerveseg.data.dataset import Batch
from nerveseg.training.distributed import World
from nerveseg.training.engine import Engine

DECAY = 0.7


def engine() -> Engine:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Conv2d(4, 1, 1))
    world = World(0, 1, torch.device("cpu"))
    return Engine(network, 1, dtype=torch.float32, weight_decay=0, world=world, frames=3, ema=DECAY)


def step(trained: Engine) -> dict[str, torch.Tensor]:
    """Update the weights; return a copy of them."""
    images = torch.randint(0, 256, (3, 8, 8), dtype=torch.uint8)
    batch = Batch(images, (images > 128).to(torch.uint8), torch.full((3,), 1 / 3))
    trained.train_step([batch], 0.1)
    return {name: value.clone() for name, value in trained.network.state_dict().items()}


def test_the_result_is_the_moving_average_of_weights_and_running_statistics() -> None:
    trained = engine()
    expected = step(trained)
    for _ in range(4):
        for name, value in step(trained).items():
            whole = not value.is_floating_point()
            expected[name] = value if whole else DECAY * expected[name] + (1 - DECAY) * value
    found = trained.result.state_dict()
    assert found["1.num_batches_tracked"] == 5
    torch.testing.assert_close(dict(found), expected)
    assert not torch.equal(found["0.weight"], trained.network.state_dict()["0.weight"])


def test_a_restored_average_goes_on_bit_by_bit() -> None:
    trained, again = engine(), engine()
    step(trained)
    step(trained)
    again.restore(deepcopy(trained.state()))
    for one in (trained, again):
        torch.manual_seed(1)
        step(one)
    for name, value in trained.result.state_dict().items():
        assert torch.equal(value, again.result.state_dict()[name])


def test_the_average_is_validated_and_saved(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = []
    state = Engine.state

    def seen(one: Engine) -> dict[str, object]:
        results.append({name: value.clone() for name, value in one.result.state_dict().items()})
        return state(one)

    monkeypatch.setattr(Engine, "state", seen)
    runs.train(workspace, settings(ema=0.9))
    averaged, curves = load_file(workspace / "weights.safetensors"), workspace / "curves.csv"
    assert all(torch.equal(results[-1][name], value) for name, value in averaged.items())
    first = curves.read_text().splitlines()
    runs.train(workspace, settings(ema=0))
    plain = load_file(workspace / "weights.safetensors")
    assert plain.keys() == averaged.keys()
    assert not torch.equal(plain["encoder.conv1.weight"], averaged["encoder.conv1.weight"])
    for with_it, without in zip(first[1:], curves.read_text().splitlines()[1:], strict=True):
        # The weights that are trained are the same, and those that validate are others.
        assert with_it.split(",")[1] == without.split(",")[1]
        assert with_it.split(",")[3] != without.split(",")[3]
