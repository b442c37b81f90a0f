"""The networks' exact optimisations, compared with plain code: `python -m benchmarks.savings`.

All networks have full width; the image has 512 x 512 pixels; one thread computes. An optimisation
stays in the library only if it is faster, for at least one reading of the paper.
"""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from benchmarks.side_by_side import Result, compare, print_table
from torch import Tensor

from nerveseg.models.blocks.apf import NearestUpConv, PaperAPF
from nerveseg.models.blocks.attention import attention
from nerveseg.models.blocks.decoder import Pyramid
from nerveseg.models.blocks.rpa import REGIONS, RegionAttention
from nerveseg.models.factory import build

BAR = 1.05  # a smaller gain is not worth the extra code


def measure() -> dict[str, Result]:
    """Return every optimisation compared with its plain form."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return _projections() | _phases() | _tokens() | _network()
    finally:
        torch.set_num_threads(threads)


def _projections() -> dict[str, Result]:
    module = PaperAPF(64)
    maps = Pyramid(
        torch.randn(1, 32, 512, 512), torch.randn(1, 64, 256, 256), torch.randn(1, 64, 128, 128)
    )

    def plain(maps: Pyramid) -> Tensor:
        levels = [F.interpolate(x, (512, 512), mode="bilinear", align_corners=True) for x in maps]
        fused = module.fuse(torch.cat(levels, dim=1))
        pooled = fused.mean(dim=(2, 3)).unsqueeze(1)
        scale: Tensor = module.channels(pooled).sigmoid().view(1, -1, 1, 1)
        return torch.addcmul(fused, fused, scale)

    return {
        "APF paper: projected first, inference": _inference(module, plain, maps),
        "APF paper: projected first, training": _training(module, plain, maps),
    }


def _phases() -> dict[str, Result]:
    results = {}
    for factor in (2, 4):
        module = NearestUpConv(64, 32, factor).eval()
        image = torch.randn(1, 64, 512 // factor, 512 // factor)

        def plain(x: Tensor, module: NearestUpConv = module) -> Tensor:
            result: Tensor = module.conv(F.interpolate(x, scale_factor=module.factor))
            return result

        results[f"APF released: phases x {factor}, inference"] = _inference(module, plain, image)
    return results


def _tokens() -> dict[str, Result]:
    results = {}
    for reading in ("released", "paper"):
        module = RegionAttention(512, reading)
        plain = _attention_after_upsampling(module)
        image = torch.randn(1, 512, 16, 16)
        for kind, timed in (("inference", _inference), ("training", _training)):
            name = f"RPA {reading}: tokens first, {kind}"
            results[name] = timed(_all_weights(module), plain, image)
    return results


def _all_weights(module: RegionAttention) -> Callable[[Tensor], Tensor]:
    return lambda x: torch.stack([module.weights(x, level) for level in range(len(REGIONS))])


def _attention_after_upsampling(module: RegionAttention) -> Callable[[Tensor], Tensor]:
    def plain(x: Tensor) -> Tensor:
        weights = []
        for level, count in enumerate(REGIONS):
            region = module.activation(module.regions[level](F.adaptive_avg_pool2d(x, count)))
            pixels = F.interpolate(region, x.shape[-2:], mode="bilinear", align_corners=True)
            own = level % len(module.queries)
            weights.append(attention(module.queries[own](pixels), module.keys[own](pixels)))
        return torch.stack(weights)

    return plain


def _network() -> dict[str, Result]:
    network = build("rpa_apf").eval()
    ups = [each for each in network.modules() if isinstance(each, NearestUpConv)]

    def plain(image: Tensor) -> Tensor:
        for each in ups:
            each.train()
        logits: Tensor = network(image)
        for each in ups:
            each.eval()
        return logits

    image = torch.randn(1, 1, 512, 512)
    return {"RPA/APF released, whole: inference": _inference(network, plain, image, rounds=3)}


def _inference(
    ours: Callable[[Any], Tensor], plain: Callable[[Any], Tensor], item: object, rounds: int = 7
) -> Result:
    with torch.inference_mode():
        return compare(ours, plain, [item], unit="image/s", bar=BAR, rounds=rounds)


def _training(ours: Callable[[Any], Tensor], plain: Callable[[Any], Tensor], item: Any) -> Result:  # noqa: ANN401
    return compare(_with_backward(ours), _with_backward(plain), [item], unit="image/s", bar=BAR)


def _with_backward(forward: Callable[[Any], Tensor]) -> Callable[[Any], None]:
    def step(item: Tensor | Pyramid) -> None:
        leaves = [
            x.detach().requires_grad_() for x in (item if isinstance(item, tuple) else [item])
        ]
        result = forward(Pyramid(*leaves) if isinstance(item, tuple) else leaves[0])
        torch.autograd.backward(result.sum())

    return step


if __name__ == "__main__":
    print_table(measure())
