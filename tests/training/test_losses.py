"""Losses against numbers worked by hand."""

import math
from collections.abc import Callable
from functools import partial
from typing import Literal

import numpy as np
import pytest
import segmentation_models_pytorch as smp
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage
from torch import Tensor, nn

from nerveseg.training.frame_losses import focal, lovasz, presence
from nerveseg.training.losses import (
    LOSSES,
    PAPER,
    Objective,
    Sums,
    cross_entropy,
    dice,
    squared_dice,
    tversky,
)
from nerveseg.training.soft_outline import soft_outline

# Probabilities 1/2, 3/4, 1/4, 1/2 over a mask of 1, 1, 0, 0.
LOGITS = torch.tensor([[[0.0, math.log(3)], [-math.log(3), 0.0]]])
MASK = torch.tensor([[[1, 1], [0, 0]]], dtype=torch.uint8)
BOTH = {"cross_entropy": 1.0, "squared_dice": 1.0}
BY_FRAME = Objective(BOTH, dice_over="frame")


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


def test_dice_without_squares_by_hand() -> None:
    expected = 1 - (2 * (0.5 + 0.75) + 1) / (0.5 + 0.75 + 0.25 + 0.5 + 2 + 1)
    assert dice(LOGITS, MASK.float()).tolist() == pytest.approx([expected])


@pytest.mark.parametrize(("loss", "power"), [(squared_dice, 2), (dice, 1)])
def test_over_the_batch_dice_is_that_of_one_large_frame(
    loss: Callable[[Tensor, Tensor, Sums], Tensor], power: int
) -> None:
    logits, masks = torch.randn(5, 8, 8), torch.randint(0, 2, (5, 8, 8)).float()
    tall = loss(logits.reshape(1, 40, 8), masks.reshape(1, 40, 8), Sums("frame", 0.0))
    torch.testing.assert_close(loss(logits, masks, Sums("batch", 0.0)), tall.expand(5))
    p = logits.sigmoid()
    literal = 1 - 2 * (p * masks).sum() / (p**power + masks).sum()
    torch.testing.assert_close(tall, literal[None])


def test_frames_that_fill_up_a_batch_do_not_count_in_its_sums() -> None:
    logits, masks = torch.randn(5, 8, 8), torch.randint(0, 2, (5, 8, 8)).float()
    counted = torch.tensor([1.0, 1.0, 1.0, 0.0, 0.0])
    padded = squared_dice(logits, masks, Sums("batch", 1.0, counted))
    torch.testing.assert_close(padded[:3], squared_dice(logits[:3], masks[:3], Sums("batch")))


def test_by_frame_a_batch_can_be_split() -> None:
    logits, masks = torch.randn(5, 1, 8, 8), torch.randint(0, 2, (5, 8, 8), dtype=torch.uint8)
    together = BY_FRAME.frame_losses(logits, masks)
    apart = [BY_FRAME.frame_losses(logits[i : i + 1], masks[i : i + 1]) for i in range(5)]
    torch.testing.assert_close(together, torch.cat(apart))


@pytest.mark.parametrize(("heads", "divisor"), [("mean", 2), ("sum", 1)])
def test_several_outputs_count_as_their_mean_or_sum(
    heads: Literal["mean", "sum"], divisor: int
) -> None:
    first, second = LOGITS[:, None], -LOGITS[:, None]
    objective = BY_FRAME._replace(heads=heads)
    total = BY_FRAME.frame_losses(first, MASK) + BY_FRAME.frame_losses(second, MASK)
    torch.testing.assert_close(objective.frame_losses((first, second), MASK), total / divisor)


def test_losses_are_weighted_and_summed() -> None:
    logits = LOGITS[:, None]
    entropy, overlap = cross_entropy(LOGITS, MASK.float()), squared_dice(LOGITS, MASK.float())
    weighted = Objective({"squared_dice": 0.5, "cross_entropy": 3.0})
    torch.testing.assert_close(weighted.frame_losses(logits, MASK), 3 * entropy + 0.5 * overlap)
    alone = Objective({"squared_dice": 1.0, "dice": 0.0})
    assert torch.equal(alone.frame_losses(logits, MASK), overlap)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (focal, smp.losses.FocalLoss("binary", alpha=None, gamma=2.0)),
        (lovasz, smp.losses.LovaszLoss("binary", per_image=True)),
        (
            partial(tversky, sums=Sums("frame", 0.0)),
            smp.losses.TverskyLoss("binary", alpha=0.3, beta=0.7),
        ),
        (
            partial(tversky, sums=Sums("frame", 5.0)),
            smp.losses.TverskyLoss("binary", alpha=0.3, beta=0.7, smooth=5.0),
        ),
    ],
)
def test_a_loss_and_its_gradient_are_those_of_a_library(
    ours: Callable[[Tensor, Tensor], Tensor], theirs: nn.Module
) -> None:
    torch.manual_seed(0)
    first = (3 * torch.randn(4, 8, 9)).requires_grad_()
    second = first.detach().clone().requires_grad_()
    masks = torch.randint(0, 2, (4, 8, 9)).float()
    found = ours(first, masks)
    expected = torch.stack([theirs(second[i : i + 1, None], masks[i : i + 1]) for i in range(4)])
    torch.testing.assert_close(found, expected)
    torch.autograd.backward(found.sum())
    torch.autograd.backward(expected.sum())
    torch.testing.assert_close(first.grad, second.grad)


def test_lovasz_of_an_empty_frame_is_its_worst_pixel_by_hand() -> None:
    assert lovasz(LOGITS, torch.zeros(1, 2, 2)).tolist() == pytest.approx([1 + math.log(3)])
    assert lovasz(torch.full((1, 2, 2), -2.0), torch.zeros(1, 2, 2)).tolist() == [0.0]


def test_tversky_by_hand() -> None:
    overlap, false, missed = 0.5 + 0.75, 0.25 + 0.5, 0.5 + 0.25
    expected = 1 - (overlap + 1) / (overlap + 0.3 * false + 0.7 * missed + 1)
    assert tversky(LOGITS, MASK.float()).tolist() == pytest.approx([expected])


def test_tversky_over_the_batch_is_that_of_one_large_frame() -> None:
    logits, masks = torch.randn(5, 8, 8), torch.randint(0, 2, (5, 8, 8)).float()
    tall = tversky(logits.reshape(1, 40, 8), masks.reshape(1, 40, 8))
    torch.testing.assert_close(tversky(logits, masks, Sums("batch")), tall.expand(5))
    counted = torch.tensor([1.0, 1.0, 1.0, 0.0, 0.0])
    padded = tversky(logits, masks, Sums("batch", 1.0, counted))
    torch.testing.assert_close(padded[:3], tversky(logits[:3], masks[:3], Sums("batch")))


def test_the_paper_s_objective_is_eq_9_and_eq_10_as_they_are_printed() -> None:
    logits, masks = torch.randn(5, 1, 8, 8), torch.randint(0, 2, (5, 8, 8), dtype=torch.uint8)
    p, g = logits[:, 0].sigmoid(), masks.float()
    eq_9 = -(g * p.log() + (1 - g) * (1 - p).log()).mean()
    eq_10 = 1 - 2 * (p * g).sum() / ((p * p).sum() + (g * g).sum())
    torch.testing.assert_close(PAPER.frame_losses(logits, masks).mean(), eq_9 + eq_10)


def test_the_order_of_the_weights_changes_no_bit() -> None:
    logits, masks = torch.randn(5, 1, 8, 8), torch.randint(0, 2, (5, 8, 8), dtype=torch.uint8)
    weights = dict.fromkeys(LOSSES, 0.3)
    backwards = dict(reversed(weights.items()))
    outputs = (logits, -logits, 2 * logits)
    assert torch.equal(
        Objective(weights).frame_losses(outputs, masks),
        Objective(backwards).frame_losses(outputs, masks),
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


def test_the_target_falls_in_equal_steps_across_a_straight_outline() -> None:
    masks = torch.zeros(1, 12, 12)
    masks[:, :, 6:] = 1
    (row,) = soft_outline(masks, 2)[:, 3]
    assert row.tolist() == pytest.approx([0, 0, 0, 0, 0.2, 0.4, 0.6, 0.8, 1, 1, 1, 1])
    assert torch.equal(soft_outline(masks, 0), masks)


@given(st.integers(1, 4), st.integers(0, 999))
def test_only_pixels_near_the_outline_are_soft(reach: int, seed: int) -> None:
    mask = np.random.default_rng(seed).random((16, 18)) > 0.9
    mask = ndimage.binary_dilation(mask, iterations=2)
    soft = soft_outline(torch.from_numpy(mask).float()[None], reach)[0].numpy()
    square = np.ones((2 * reach + 1, 2 * reach + 1), bool)
    inner = ndimage.binary_erosion(mask, square, border_value=1)
    outer = ndimage.binary_dilation(mask, square)
    assert np.array_equal(soft > 1 - 1e-6, inner)
    assert np.array_equal(soft > 1e-6, outer)


def test_training_sees_the_soft_outline_and_validation_does_not() -> None:
    logits, masks = torch.randn(2, 1, 8, 8), torch.zeros(2, 8, 8, dtype=torch.uint8)
    masks[:, 2:6, 2:6] = 1
    soft = BY_FRAME._replace(outline=1)
    target = soft_outline(masks.float(), 1)
    expected = cross_entropy(logits[:, 0], target) + squared_dice(logits[:, 0], target)
    torch.testing.assert_close(soft.frame_losses(logits, masks), expected)
    hard = BY_FRAME.frame_losses(logits, masks)
    assert torch.equal(soft.by_frame().frame_losses(logits, masks), hard)


@pytest.mark.parametrize("loss", [dice, squared_dice, focal, cross_entropy, tversky])
def test_a_loss_of_soft_targets_has_a_gradient_that_leads_towards_them(
    loss: Callable[[Tensor, Tensor], Tensor],
) -> None:
    target = torch.full((1, 4, 4), 0.6)
    low, high = (torch.full((1, 4, 4), value, requires_grad=True) for value in (-3.0, 0.0))
    assert loss(low, target).item() > loss(high, target).item()
    torch.autograd.backward(loss(low, target).sum())
    assert low.grad is not None
    assert (low.grad < 0).all()


def test_presence_pools_logits_between_their_mean_and_their_largest() -> None:
    pooled = math.log((2 + 3**5 + 3**-5) / 4) / 5
    assert LOGITS.mean() < pooled < LOGITS.max()
    expected = [math.log(1 + math.exp(-pooled)), math.log(1 + math.exp(pooled))]
    both = torch.stack([MASK[0].float(), torch.zeros(2, 2)])
    assert presence(LOGITS.expand(2, -1, -1), both).tolist() == pytest.approx(expected)


def test_presence_is_finite_for_any_logits_and_has_a_gradient() -> None:
    for value in (-1e4, 1e4):
        logits = torch.full((2, 4, 4), value, requires_grad=True)
        losses = presence(logits, torch.stack([torch.zeros(4, 4), torch.ones(4, 4)]))
        torch.autograd.backward(losses.sum())
        assert losses.isfinite().all()
        assert logits.grad is not None
        assert logits.grad.isfinite().all()
        assert logits.grad.any()
