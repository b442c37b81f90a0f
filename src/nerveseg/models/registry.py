"""The networks' names as papers and readers know them. No network is built from here.

Training and prediction do not import this: a new line must not make DVC train all the others
again. They find a network by the name of its file (`nerveseg.models.build`).
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

AAAI: Final = "Wu et al., AAAI 2021"


class Entry(NamedTuple):
    """Where a network comes from.

    Attributes:
        title: what the RPA/APF paper calls it.
        paper: the citation.
    """

    title: str
    paper: str


NETWORKS: Final[Mapping[str, Entry]] = {
    "baseline": Entry("Baseline", AAAI),
    "baseline_rpa": Entry("Baseline + RPA", AAAI),
    "baseline_apf": Entry("Baseline + APF", AAAI),
    "rpa_apf": Entry("RPA/APF (ours)", AAAI),
    "unet": Entry("U-Net", "Ronneberger et al., MICCAI 2015"),
    "attention_unet": Entry("Attention U-Net", "Oktay et al., MIDL 2018"),
    "unetpp": Entry("U-Net++", "Zhou et al., DLMIA 2018"),
    "danet": Entry("DA-Net", "Fu et al., CVPR 2019"),
    "cenet": Entry("CE-Net", "Gu et al., TMI 2019"),
    "cpfnet": Entry("CPF-Net", "Feng et al., TMI 2020"),
}
