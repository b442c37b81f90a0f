"""The auxiliary head teaches the encoder of every network, and is no part of any."""

from pathlib import Path

import pytest
import runs
import torch
from safetensors.torch import load_file
from tiny_training import settings

from nerveseg.models.factory import build
from nerveseg.models.registry import LIBRARY, NETWORKS, OWN
from nerveseg.models.weights import load_weights
from nerveseg.training.presence_head import PresenceHead, deepest, encoder_of

MASKS = torch.zeros(3, 64, 64, dtype=torch.uint8)
MASKS[1, 5, 5] = 1


@pytest.mark.parametrize("name", NETWORKS)
def test_the_gradient_reaches_the_encoder_of_every_network(name: str) -> None:
    assert set(NETWORKS) == {*OWN, LIBRARY}
    network = build(name, 1, **({} if name == LIBRARY else {"width": 4}))
    before = {key: value.clone() for key, value in network.state_dict().items()}
    head = PresenceHead(network, 1, (64, 64), 2.0)
    after = network.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(value, after[key]) for key, value in before.items())
    maps = []
    encoder_of(network).register_forward_hook(lambda _module, _given, found: maps.append(found))
    network(torch.randn(3, 1, 64, 64))
    logits = head.linear(deepest(maps[0]).mean(dim=(2, 3)))[:, 0]
    losses = head(MASKS)
    sides = torch.tensor([1.0, -1.0, 1.0])
    torch.testing.assert_close(losses, 2 * torch.log1p(torch.exp(sides * logits)))
    losses.sum().backward()
    first = next(encoder_of(network).parameters())
    assert first.grad is not None
    assert first.grad.abs().sum() > 0


def test_weights_hold_no_head_and_are_others_with_it(workspace: Path) -> None:
    runs.train(workspace, settings(epochs=1))
    plain = load_file(workspace / "weights.safetensors")
    runs.train(workspace, settings(epochs=1, presence_head=1.0))
    taught = load_file(workspace / "weights.safetensors")
    assert plain.keys() == taught.keys()
    assert not torch.equal(plain["encoder.conv1.weight"], taught["encoder.conv1.weight"])
    network, _ = load_weights(workspace / "weights.safetensors")
    assert network(torch.zeros(1, 1, 32, 32)).shape == (1, 1, 32, 32)
