"""The networks and variants that have a transcription."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from nerveseg.models.complexity import on_meta, parameter_count
from nerveseg.models.factory import build
from transcription.comparison import Parity, Transcription, compare
from transcription.cpfnet import cpfnet


class Case(NamedTuple):
    """A network with options, and its transcription.

    Attributes:
        network: key of `nerveseg.NETWORKS`.
        options: its options, without the width.
        transcription: the network as a function of weights and image.
    """

    network: str
    options: Mapping[str, object]
    transcription: Transcription

    def parity(self, width: int, channels: int, size: tuple[int, int]) -> Parity:
        """Compare the network with its transcription (see `compare`)."""
        network = build(self.network, channels, width=width, **self.options)
        return compare(network, self.transcription, channels, size)

    def parameters(self, width: int, channels: int) -> int:
        """Return the number of parameters of the network."""
        return parameter_count(on_meta(self.network, channels, {"width": width, **self.options}))


CASES: Final[Mapping[str, Case]] = {
    "CPF-Net": Case("cpfnet", {}, cpfnet),
}
