"""Learning rates against numbers worked by hand and against torch's schedulers."""

import pytest
import torch
from tiny_training import settings
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler, PolynomialLR

from nerveseg.params.train import TrainParams
from nerveseg.training.schedule import Schedule


def theirs(scheduler: LRScheduler, updates: int) -> list[float]:
    rates = []
    for _ in range(updates):
        rates.append(float(scheduler.get_last_lr()[0]))
        scheduler.optimizer.step()
        scheduler.step()
    return rates


@pytest.fixture
def optimiser() -> torch.optim.Optimizer:
    return torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.01)


def test_the_rate_falls_from_its_start_to_nearly_nothing_by_the_power() -> None:
    schedule = Schedule(0.01, 100, power=0.9)
    assert schedule.rate(0) == 0.01
    assert schedule.rate(50) == pytest.approx(0.01 * 0.5**0.9)
    assert schedule.rate(99) == pytest.approx(0.01 * 0.01**0.9)


def test_poly_is_torch_s(optimiser: torch.optim.Optimizer) -> None:
    expected = theirs(PolynomialLR(optimiser, 30, 0.9), 30)
    assert [Schedule(0.01, 30).rate(i) for i in range(30)] == pytest.approx(expected)


def test_cosine_is_torch_s(optimiser: torch.optim.Optimizer) -> None:
    expected = theirs(CosineAnnealingLR(optimiser, 30), 30)
    assert [Schedule(0.01, 30, "cosine").rate(i) for i in range(30)] == pytest.approx(expected)


@pytest.mark.parametrize("kind", ["poly", "cosine"])
def test_a_warm_up_rises_in_equal_steps_and_the_decay_follows_it(kind: str) -> None:
    warm, cold = (Schedule(0.01, n, kind, warmup=w) for n, w in ((14, 4), (10, 0)))  # type: ignore[arg-type]
    rates = [warm.rate(i) for i in range(14)]
    assert rates[:4] == pytest.approx([0.0025, 0.005, 0.0075, 0.01])
    assert rates[4:] == pytest.approx([cold.rate(i) for i in range(10)])


def test_a_warm_up_as_long_as_the_training_is_refused() -> None:
    assert isinstance(settings(epochs=3, warmup=2), TrainParams)
    with pytest.raises(ValueError, match="warmup 3 leaves none of 3 epochs for the decay"):
        settings(epochs=3, warmup=3)
