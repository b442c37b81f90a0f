"""The networks and variants that have a transcription."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from nerveseg.models.complexity import on_meta, parameter_count
from nerveseg.models.factory import build
from transcription import rpa_apf
from transcription.cenet import cenet
from transcription.comparison import Parity, Transcription, compare
from transcription.cpfnet import cpfnet
from transcription.danet import danet, danet_supervised
from transcription.unet import attention_unet_authors, attention_unet_port, unet
from transcription.unetpp import unetpp, unetpp_supervised

# CE-Net's largest pooling window has 6 pixels of the map at /32; the U-Nets pool by 2 only.
TOP_OF_6_BY_7: Final = (192, 224)
SMALL: Final = (32, 64)
RELEASED: Final = {"reading": "released"}
PAPER: Final = {"reading": "paper", "softmax": "summed"}
PAPER_ROW: Final = {"reading": "paper", "softmax": "row"}
PORT: Final = {"gating": "port"}
AUTHORS: Final = {"gating": "authors"}


class Case(NamedTuple):
    """A network with options, and its transcription.

    Attributes:
        network: key of `nerveseg.NETWORKS`.
        options: its options, without the width.
        transcription: the network as a function of weights and image.
        size: (height, width) of the images to compare on, as small as the network allows.
    """

    network: str
    options: Mapping[str, object]
    transcription: Transcription
    size: tuple[int, int] = TOP_OF_6_BY_7

    def parity(self, width: int, channels: int) -> Parity:
        """Compare the network with its transcription (see `compare`)."""
        network = build(self.network, channels, width=width, **self.options)
        return compare(network, self.transcription, channels, self.size)

    def parameters(self, width: int, channels: int) -> int:
        """Return the number of parameters of the network."""
        return parameter_count(on_meta(self.network, channels, {"width": width, **self.options}))


CASES: Final[Mapping[str, Case]] = {
    "Baseline": Case("baseline", {}, rpa_apf.baseline),
    "Baseline + RPA, released": Case("baseline_rpa", RELEASED, rpa_apf.rpa_released),
    "Baseline + RPA, paper": Case("baseline_rpa", PAPER, rpa_apf.rpa_paper),
    "Baseline + RPA, paper, row": Case("baseline_rpa", PAPER_ROW, rpa_apf.rpa_paper_row),
    "Baseline + APF, released": Case("baseline_apf", RELEASED, rpa_apf.apf_released),
    "Baseline + APF, paper": Case("baseline_apf", {"reading": "paper"}, rpa_apf.apf_paper),
    "RPA/APF, released": Case("rpa_apf", RELEASED, rpa_apf.rpa_apf_released),
    "RPA/APF, paper": Case("rpa_apf", PAPER, rpa_apf.rpa_apf_paper),
    "RPA/APF, paper, row": Case("rpa_apf", PAPER_ROW, rpa_apf.rpa_apf_paper_row),
    "U-Net": Case("unet", {}, unet, SMALL),
    "Attention U-Net, port": Case("attention_unet", PORT, attention_unet_port, SMALL),
    "Attention U-Net, authors": Case("attention_unet", AUTHORS, attention_unet_authors, SMALL),
    "U-Net++": Case("unetpp", {"deep_supervision": False}, unetpp, SMALL),
    "U-Net++, 4 heads": Case("unetpp", {"deep_supervision": True}, unetpp_supervised, SMALL),
    "DA-Net, 1 head": Case("danet", {"deep_supervision": False}, danet),
    "DA-Net, 3 heads": Case("danet", {"deep_supervision": True}, danet_supervised),
    "CE-Net": Case("cenet", {}, cenet),
    "CPF-Net": Case("cpfnet", {}, cpfnet),
}
