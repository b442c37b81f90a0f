"""Losses and learning-rate schedule against numbers worked by hand."""

import math
from pathlib import Path

import pytest
import torch

from nerveseg.params.section import read
from nerveseg.params.train import TrainParams
from nerveseg.training.loop import polynomial
from nerveseg.training.losses import LOSSES, PAPER, cross_entropy, frame_losses, squared_dice

ROOT = Path(__file__).parents[2]
# Probabilities 1/2, 3/4, 1/4, 1/2 over a mask of 1, 1, 0, 0.
LOGITS = torch.tensor([[[0.0, math.log(3)], [-math.log(3), 0.0]]])
MASK = torch.tensor([[[1, 1], [0, 0]]], dtype=torch.uint8)


def test_cross_entropy_is_the_mean_of_minus_log_by_hand() -> None:
    expected = -(2 * math.log(0.5) + 2 * math.log(0.75)) / 4
    assert cross_entropy(LOGITS, MASK.float()).tolist() == pytest.approx([expected])


def test_dice_has_squares_below_and_one_pixel_of_smoothing_by_hand() -> None:
    overlap, squares = 0.5 + 0.75, 0.25 + 0.5625 + 0.0625 + 0.25
    expected = 1 - (2 * overlap + 1) / (squares + 2 + 1)
    assert squared_dice(LOGITS, MASK.float()).tolist() == pytest.approx([expected])


def test_dice_is_zero_for_the_truth_and_for_nothing_found_where_nothing_is() -> None:
    sure = (MASK.float() * 2 - 1) * 100
    assert squared_dice(sure, MASK.float()).item() == pytest.approx(0, abs=1e-6)
    assert squared_dice(torch.full((1, 2, 2), -100.0), torch.zeros(1, 2, 2)).item() == 0


def test_frames_do_not_mix_so_that_a_batch_can_be_split() -> None:
    logits, masks = torch.randn(5, 1, 8, 8), torch.randint(0, 2, (5, 8, 8), dtype=torch.uint8)
    together = frame_losses(logits, masks)
    apart = torch.cat([frame_losses(logits[i : i + 1], masks[i : i + 1]) for i in range(5)])
    torch.testing.assert_close(together, apart)


def test_several_outputs_count_as_their_mean() -> None:
    first, second = LOGITS[:, None], -LOGITS[:, None]
    mean = (frame_losses(first, MASK) + frame_losses(second, MASK)) / 2
    torch.testing.assert_close(frame_losses((first, second), MASK), mean)


def test_losses_are_weighted_and_summed() -> None:
    logits = LOGITS[:, None]
    entropy, dice = cross_entropy(LOGITS, MASK.float()), squared_dice(LOGITS, MASK.float())
    weights = {"squared_dice": 0.5, "cross_entropy": 3.0}
    torch.testing.assert_close(frame_losses(logits, MASK, weights), 3 * entropy + 0.5 * dice)
    assert torch.equal(frame_losses(logits, MASK, {"squared_dice": 1.0}), dice)


def test_by_default_the_losses_are_the_paper_s_to_the_bit() -> None:
    assert read("train", TrainParams, ROOT / "params.yaml").losses == PAPER
    logits, masks = torch.randn(5, 1, 8, 8), torch.randint(0, 2, (5, 8, 8), dtype=torch.uint8)
    plain = cross_entropy(logits[:, 0], masks.float()) + squared_dice(logits[:, 0], masks.float())
    assert torch.equal(frame_losses(logits, masks), plain)


def test_the_order_of_the_weights_changes_no_bit() -> None:
    logits, masks = torch.randn(5, 1, 8, 8), torch.randint(0, 2, (5, 8, 8), dtype=torch.uint8)
    weights = dict.fromkeys(LOSSES, 0.3)
    backwards = dict(reversed(weights.items()))
    outputs = (logits, -logits, 2 * logits)
    assert torch.equal(
        frame_losses(outputs, masks, weights), frame_losses(outputs, masks, backwards)
    )


def test_adams_weight_decay_is_the_gradient_of_the_third_term() -> None:
    decay, start = 0.1, torch.tensor([2.0, -1.0, 0.5])
    inside, outside = (start.clone().requires_grad_() for _ in range(2))
    optimisers = [
        torch.optim.Adam([inside], lr=0.1, weight_decay=decay),
        torch.optim.Adam([outside], lr=0.1),
    ]
    for _ in range(5):
        for optimiser in optimisers:
            optimiser.zero_grad()
        torch.autograd.backward(inside.sin().sum())
        torch.autograd.backward(outside.sin().sum() + decay / 2 * outside.square().sum())
        for optimiser in optimisers:
            optimiser.step()
    torch.testing.assert_close(inside, outside)


def test_the_rate_falls_from_its_start_to_nearly_nothing_by_the_power() -> None:
    assert polynomial(0.01, 0, 100, 0.9) == 0.01
    assert polynomial(0.01, 50, 100, 0.9) == pytest.approx(0.01 * 0.5**0.9)
    assert polynomial(0.01, 99, 100, 0.9) == pytest.approx(0.01 * 0.01**0.9)
