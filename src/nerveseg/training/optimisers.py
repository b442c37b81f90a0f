"""Adam and AdamW with torch's own arithmetic, and without importing torch's compiler.

torch.optim shields the methods of an optimiser from `torch.compile` by wrappers that import the
compiler at the first call: seconds at the start of a training, and a traceback where no temporary
folder is writable. Nothing here compiles an optimiser, so the wrappers are taken off.
"""

import inspect
from typing import Any, Final

import torch
from torch.optim import Optimizer


class _Unshielded(Optimizer):
    add_param_group: Any = inspect.unwrap(Optimizer.add_param_group)
    zero_grad: Any = inspect.unwrap(Optimizer.zero_grad)
    state_dict: Any = inspect.unwrap(Optimizer.state_dict)
    load_state_dict: Any = inspect.unwrap(Optimizer.load_state_dict)


class Adam(_Unshielded, torch.optim.Adam):
    """Kingma and Ba, 'Adam: a method for stochastic optimization', ICLR 2015, algorithm 1."""

    step: Any = torch.no_grad()(inspect.unwrap(torch.optim.Adam.step))


class AdamW(_Unshielded, torch.optim.AdamW):
    """Loshchilov and Hutter, 'Decoupled weight decay regularization', ICLR 2019, algorithm 2."""

    step: Any = torch.no_grad()(inspect.unwrap(torch.optim.AdamW.step))


OPTIMIZERS: Final = {"adam": Adam, "adamw": AdamW}
"""The optimisers by the values of `train.optimizer`."""
