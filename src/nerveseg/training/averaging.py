"""Averages of a network's weights, which validate and are saved in place of the last weights.

The running statistics of batch normalisation are averaged like the weights: recomputing them would
need another pass over the training frames before every validation.
"""

from collections.abc import Callable

from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn, get_swa_multi_avg_fn


class Average(AveragedModel):
    """A copy of a network that holds the average of its weights and running statistics.

    Args:
        network: the network that is trained; it is copied.
        rule: how the average changes with the next weights.
    """

    def __init__(self, network: nn.Module, rule: Callable[..., None]) -> None:
        super().__init__(network, multi_avg_fn=rule, use_buffers=True)

    @property
    def begun(self) -> bool:
        """Whether there is an average yet."""
        return bool(self.n_averaged)

    def after_update(self, network: nn.Module) -> None:
        """Take note of the weights of `network` after an update."""

    def after_epoch(self, network: nn.Module, epoch: int) -> None:
        """Take note of the weights of `network` at the end of `epoch`, from 0."""

    def _add(self, network: nn.Module) -> None:
        self.update_parameters(network)
        # Whole numbers, such as the count of the batches seen, have no average.
        for mine, theirs in zip(self.module.buffers(), network.buffers(), strict=True):
            if not mine.is_floating_point():
                mine.copy_(theirs)


class MovingAverage(Average):
    """Weights and running statistics w' <- decay w' + (1 - decay) w, from the first update's on.

    Polyak and Juditsky, 'Acceleration of stochastic approximation by averaging', 1992; as a moving
    average, Tarvainen and Valpola, 'Mean teachers are better role models', NeurIPS 2017, eq. 2.

    Args:
        network: the network that is trained; it is copied.
        decay: above 0, below 1.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        super().__init__(network, get_ema_multi_avg_fn(decay))  # type: ignore[no-untyped-call]

    def after_update(self, network: nn.Module) -> None:
        """Add the weights of `network`."""
        self._add(network)


def _mean_of_floats(averages: list[Tensor], weights: list[Tensor], count: Tensor) -> None:
    # The rule of the library cannot divide whole numbers; `Average` copies them.
    if averages[0].is_floating_point():
        get_swa_multi_avg_fn()(averages, weights, count)  # type: ignore[no-untyped-call]


class AverageOfEpochs(Average):
    """The mean of the weights and running statistics at the ends of the last epochs.

    Izmailov et al., 'Averaging weights leads to wider optima and better generalization', UAI 2018,
    algorithm 1 with a cycle of one epoch. They recompute the running statistics at the end.

    Args:
        network: the network that is trained; it is copied.
        first: the first epoch, from 0, whose weights count.
    """

    def __init__(self, network: nn.Module, first: int) -> None:
        super().__init__(network, _mean_of_floats)
        self._first = first

    def after_epoch(self, network: nn.Module, epoch: int) -> None:
        """Add the weights of `network` if `epoch` counts."""
        if epoch >= self._first:
            self._add(network)
