"""The networks by name: their titles in the RPA/APF paper, their own papers, and their classes.

This module does not import torch.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Final, NamedTuple

AAAI: Final = "Wu et al., AAAI 2021"
LIBRARY: Final = "smp"
"""The network that a library builds, from the options `architecture` and `encoder`."""


class Entry(NamedTuple):
    """One network.

    Attributes:
        title: its name in the RPA/APF paper.
        paper: citation of its own paper.
        place: its module in `nerveseg.models.networks` and its class, as module:class.
        options: the options of its class and their defaults.
        title_from: options of a run whose values are its title; without them, it is `title`.
    """

    title: str
    paper: str
    place: str
    options: Mapping[str, object]
    title_from: tuple[str, ...] = ()

    @property
    def module(self) -> str:
        """Full name of the module that defines the network."""
        return f"nerveseg.models.networks.{self.place.partition(':')[0]}"

    @property
    def name_of_class(self) -> str:
        """Name of the network's class in that module."""
        return self.place.partition(":")[2]


_ENCODER: Final = {"width": 64, "encoder_weights": "none"}
_APF: Final = {**_ENCODER, "reading": "released"}
_RPA: Final = {**_APF, "softmax": "summed"}

NETWORKS: Final[Mapping[str, Entry]] = {
    "baseline": Entry("Baseline", AAAI, "rpa_apf:Baseline", _ENCODER),
    "baseline_rpa": Entry("Baseline + RPA", AAAI, "rpa_apf:BaselineRPA", _RPA),
    "baseline_apf": Entry("Baseline + APF", AAAI, "rpa_apf:BaselineAPF", _APF),
    "rpa_apf": Entry("RPA/APF (ours)", AAAI, "rpa_apf:RpaApf", _RPA),
    "unet": Entry("U-Net", "Ronneberger et al., MICCAI 2015", "unet:UNet", {"width": 64}),
    "attention_unet": Entry(
        "Attention U-Net",
        "Oktay et al., MIDL 2018",
        "attention_unet:AttentionUNet",
        {"width": 64, "gating": "port"},
    ),
    "unetpp": Entry(
        "U-Net++",
        "Zhou et al., DLMIA 2018",
        "unetpp:UNetPlusPlus",
        {"width": 32, "deep_supervision": False},
    ),
    "danet": Entry(
        "DA-Net", "Fu et al., CVPR 2019", "danet:DANet", {**_ENCODER, "deep_supervision": True}
    ),
    "cenet": Entry("CE-Net", "Gu et al., TMI 2019", "cenet:CENet", _ENCODER),
    "cpfnet": Entry("CPF-Net", "Feng et al., TMI 2020", "cpfnet:CPFNet", _ENCODER),
    LIBRARY: Entry(
        "Segmentation Models",
        "Iakubovskii, 2019",
        "smp:Smp",
        {
            "architecture": "Unet",
            "encoder": "resnet18",
            "encoder_weights": "none",
            "settings": None,
        },
        ("architecture", "encoder"),
    ),
}
OWN: Final = tuple(name for name in NETWORKS if name != LIBRARY)
"""The networks that this project implements itself."""


def module_of(network: str) -> str | None:
    """Return the full name of the module that defines `network`; None if there is no such one."""
    return NETWORKS[network].module if network in NETWORKS else None


def titles(runs: Mapping[str, tuple[str, Mapping[str, object]]]) -> dict[str, str]:
    """Return the title of each run in tables and figures.

    It is the title of the network. If several runs train the same network, it also lists the
    options in which they differ, as in 'U-Net (width 8)'.

    Args:
        runs: name -> (network, options).
    """
    named = {name: _title(name, runs) for name in runs}
    often = Counter(named.values())
    return {
        name: title if often[title] == 1 else f"{title} {name}" for name, title in named.items()
    }


def _title(name: str, runs: Mapping[str, tuple[str, Mapping[str, object]]]) -> str:
    network, options = runs[name]
    title = _network_title(network, options)
    others = [given for other, given in runs.values() if _network_title(other, given) == title]
    differing = [
        f"{key.replace('_', ' ')} {options[key]}"
        for key in options
        if any(given.get(key) != options[key] for given in others)
    ]
    return f"{title} ({', '.join(differing)})" if differing else title


def _network_title(network: str, options: Mapping[str, object]) -> str:
    if network not in NETWORKS:
        return network
    entry = NETWORKS[network]
    parts = [str(options[key]) for key in entry.title_from if key in options]
    return ", ".join(parts) if parts else entry.title
