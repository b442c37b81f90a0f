"""The optimisers have torch's bits, and a training does not import torch's compiler."""

import copy
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from nerveseg.training.optimisers import OPTIMIZERS

TORCH_S = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
TRAINING = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import runs
from tiny_training import settings
from nerveseg.training.optimisers import OPTIMIZERS
from torch import nn

runs.train(Path.cwd(), settings(epochs=1, ema=0.5, presence_head=0.5))
for each in OPTIMIZERS.values():
    optimiser = each(nn.Linear(1, 1).parameters(), fused=True)
    optimiser.step()
    optimiser.load_state_dict(optimiser.state_dict())
sys.exit("torch._dynamo" in sys.modules)
"""


def updates(network: nn.Module, optimiser: torch.optim.Optimizer, count: int) -> list[Tensor]:
    for number in range(count):
        inputs = torch.arange(12.0).reshape(4, 3) * (number + 1)
        network(inputs).square().sum().backward()
        optimiser.step()
        optimiser.zero_grad()
    return [each.detach().clone() for each in network.parameters()]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_updates_and_saved_states_have_torch_s_bits(name: str) -> None:
    torch.manual_seed(0)
    ours = nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 1))
    theirs = copy.deepcopy(ours)
    options = {"lr": 0.01, "weight_decay": 0.1, "fused": True}
    mine = OPTIMIZERS[name](ours.parameters(), **options)
    plain = TORCH_S[name](theirs.parameters(), **options)
    for found, wanted in zip(updates(ours, mine, 3), updates(theirs, plain, 3), strict=True):
        assert torch.equal(found, wanted)
    # Each goes on from what the other saved.
    mine, saved = OPTIMIZERS[name](ours.parameters(), **options), mine.state_dict()
    mine.load_state_dict(plain.state_dict())
    plain.load_state_dict(saved)
    for found, wanted in zip(updates(ours, mine, 2), updates(theirs, plain, 2), strict=True):
        assert torch.equal(found, wanted)


def test_an_update_needs_no_gradient_of_itself() -> None:
    network = nn.Linear(3, 1)
    optimiser = OPTIMIZERS["adam"](network.parameters(), lr=0.1, fused=False, foreach=False)
    updates(network, optimiser, 1)
    assert all(each.grad_fn is None and each.is_leaf for each in network.parameters())


def test_a_training_does_not_import_the_compiler(workspace: Path) -> None:
    command = [sys.executable, "-c", TRAINING, str(Path(__file__).parent)]
    done = subprocess.run(command, cwd=workspace, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
