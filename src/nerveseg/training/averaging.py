"""The exponential moving average of a network's weights, which validates and is saved.

Polyak and Juditsky, 'Acceleration of stochastic approximation by averaging', 1992; as a moving
average, Tarvainen and Valpola, 'Mean teachers are better role models', NeurIPS 2017, eq. 2.
"""

from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn


class MovingAverage(AveragedModel):
    """Weights and running statistics w' <- decay w' + (1 - decay) w, from the first update's on.

    The running statistics of batch normalisation are averaged like the weights: recomputing them
    would need another pass over the training frames before every validation.

    Args:
        network: the network that is trained; it is copied.
        decay: above 0, below 1.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        average = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
        super().__init__(network, multi_avg_fn=average, use_buffers=True)

    def update(self, network: nn.Module) -> None:
        """Add the weights of `network` after an update."""
        self.update_parameters(network)
        # Whole numbers, such as the count of the batches seen, have no average.
        for mine, theirs in zip(self.module.buffers(), network.buffers(), strict=True):
            if not mine.is_floating_point():
                mine.copy_(theirs)
