"""The results of the paper's Tables 1 and 2 beside ours, in percent."""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

METRICS: Final = ("dice", "accuracy", "sensitivity", "specificity", "auc")
_NAN: Final = float("nan")


class PaperRow(NamedTuple):
    """One row of a table in the paper, in percent.

    Attributes:
        table: 1 (ablation) or 2 (comparison).
        title: the network's title as printed.
        network: our name for the network, in `nerveseg.models.registry`.
        values: values of `METRICS`; NaN where Table 1 leaves one out.
    """

    table: int
    title: str
    network: str
    values: tuple[float, float, float, float, float]


class PaperComparison(NamedTuple):
    """A value of the paper and the corresponding value of a run, in percent; NaN if missing.

    Attributes:
        table: table of the paper, 1 or 2.
        title: title of the row, as printed.
        network: network of the row.
        run: a run that trains this network; '' if there is none.
        metric: one of `METRICS`.
        paper: the paper's value.
        ours: the run's value.
        difference: ours minus paper.
    """

    table: int
    title: str
    network: str
    run: str
    metric: str
    paper: float
    ours: float
    difference: float


# AAAI 2021: DC, ACC, SE, SP, AUC on a random fifth of the training images.
ROWS: Final = (
    PaperRow(1, "Baseline", "baseline", (70.71, 99.01, _NAN, _NAN, 98.77)),
    PaperRow(1, "Baseline + RPA", "baseline_rpa", (73.34, 99.29, _NAN, _NAN, 99.24)),
    PaperRow(1, "Baseline + APF", "baseline_apf", (72.32, 99.18, _NAN, _NAN, 99.11)),
    PaperRow(1, "Baseline + RPA + APF", "rpa_apf", (74.23, 99.37, _NAN, _NAN, 99.66)),
    PaperRow(2, "U-Net", "unet", (70.27, 98.98, 84.44, 99.38, 98.73)),
    PaperRow(2, "AttU-Net", "attention_unet", (71.42, 99.09, 84.91, 99.43, 98.86)),
    PaperRow(2, "U-Net++", "unetpp", (72.03, 99.15, 86.42, 99.44, 99.03)),
    PaperRow(2, "DA-Net", "danet", (73.28, 99.26, 86.68, 99.48, 99.26)),
    PaperRow(2, "CE-Net", "cenet", (72.74, 99.21, 85.62, 99.51, 99.18)),
    PaperRow(2, "CPF-Net", "cpfnet", (73.48, 99.29, 86.25, 99.49, 99.31)),
    PaperRow(2, "Ours", "rpa_apf", (74.23, 99.37, 86.55, 99.51, 99.66)),
)


def compare_with_paper(
    scores: Mapping[str, Mapping[str, float | str]], networks: Mapping[str, str]
) -> Iterator[PaperComparison]:
    """Yield every value of the paper beside ours, once for each run of the network.

    Args:
        scores: run -> metric -> value in 0..1.
        networks: run -> its network; a network that no run trains gets rows without a run.
    """
    for row in ROWS:
        runs = [run for run, network in networks.items() if network == row.network]
        for run in runs or [""]:
            for metric, paper in zip(METRICS, row.values, strict=True):
                ours = 100 * float(scores.get(run, {}).get(metric, _NAN))
                yield PaperComparison(
                    row.table, row.title, row.network, run, metric, paper, ours, ours - paper
                )
