"""The attention gate against loops over eq. 1 and 2."""

import numpy as np
import torch
from loop_reading import array, conv_norm, lively, relu, sigmoid

from nerveseg.models.networks.attention_unet import AttentionGate


def test_the_gate_equals_its_equations_in_loops() -> None:
    gate = lively(AttentionGate(6))
    skip, gating = torch.randn(2, 1, 6, 4, 5, dtype=torch.float64)
    x, g = array(skip[0]), array(gating[0])
    added = relu(conv_norm(x, gate.w_x) + conv_norm(g, gate.w_g))
    expected = x * sigmoid(conv_norm(added, gate.psi))
    np.testing.assert_allclose(array(gate(skip, gating)[0]), expected, rtol=1e-10, atol=1e-12)


def test_the_gate_only_weakens_a_skip() -> None:
    gate = lively(AttentionGate(6))
    skip, gating = torch.randn(2, 3, 6, 4, 5, dtype=torch.float64)
    gated = gate(skip, gating)
    assert (gated.abs() < skip.abs()).all()
    assert (gated * skip > 0).all()
