"""Every network as a whole against an independent transcription, which reads its weights by name.

The tests of single modules cannot tell whether the modules are connected as published.
"""

from typing import cast

import pytest
import torch.nn.functional as F
from torch import Tensor, nn
from transcription.cases import CASES, Case
from transcription.comparison import compare

from nerveseg.models.networks.cpfnet import CPFNet
from nerveseg.models.registry import OWN

WIDTH = 8
BOUND = 1e-10


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_network_equals_its_transcription(case: Case) -> None:
    parity = case.parity(WIDTH, 3)
    assert parity.output <= BOUND
    assert parity.gradient <= BOUND
    # The differences are small beside the numbers themselves, and no weight was left out.
    assert parity.spread > 1e6 * BOUND
    assert parity.slope > 1e6 * BOUND
    assert parity.unread == set()


class PyramidsAfterSapf(CPFNet):
    """CPF-Net with its pyramids on the output of SAPF instead of its input."""

    def segment(self, image: Tensor) -> Tensor:
        features = self.encoder(image)
        top = self.sapf(features.layer4)
        maps, x = [*features[1:4], top], top
        for level in (2, 1, 0):
            x = F.relu(self.steps[level + 1](x) + self.guides[level](maps[level:]))
        x = self.steps[0](x) + features.stem
        full = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)
        return cast("Tensor", self.head(full))


class OneReluPerStep(CPFNet):
    """CPF-Net without the ReLU before the addition of a pyramid."""

    def __init__(self, in_channels: int = 1, *, width: int = 64) -> None:
        super().__init__(in_channels, width=width)
        for name in ("steps.1.1.1", "steps.2.1.1", "steps.3.1"):
            del cast("nn.Sequential", self.get_submodule(name))[2]


@pytest.mark.parametrize("rewired", [PyramidsAfterSapf, OneReluPerStep])
def test_a_cpfnet_with_one_connection_changed_is_told_apart(rewired: type[CPFNet]) -> None:
    case = CASES["CPF-Net"]
    parity = compare(rewired(3, width=WIDTH), case.transcription, 3, case.size)
    assert parity.output > 0.1 * parity.spread
    assert parity.gradient > 0.1 * parity.slope


def test_every_network_has_a_transcription() -> None:
    assert {case.network for case in CASES.values()} == set(OWN)
