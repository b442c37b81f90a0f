"""The tables of scores and costs in the report; `paper_tables` has the paper's."""

from typing import Any, Final

from nerveseg import verdicts
from nerveseg.params.train import BASELINES
from nerveseg.reporting.chart_style import css_colour
from nerveseg.reporting.notices import NO_INTERVALS
from nerveseg.reporting.results import BOARDS, Results
from nerveseg.reporting.table_cells import (
    Cell,
    Column,
    Row,
    Table,
    bracketed,
    interval_cell,
    number_cell,
    p_cell,
    text_cell,
)

NETWORK: Final = Column("Network", text=True)
TEST_COLUMNS: Final = (
    Column("Public", hint="mean Dice over the public share of the test frames"),
    Column("Private", hint="mean Dice over the private share of the test frames"),
)
KAGGLE_COLUMNS: Final = (
    Column("Kaggle public"),
    Column("Kaggle private"),
    Column("Kaggle status", text=True),
)
LEADERBOARD_CAPTION: Final = (
    "Mean Dice per image; a pair of empty masks scores 1. {intervals} The two baselines look at no "
    "frame: the all-empty submission predicts 'no nerve' for every frame, and the best constant "
    "mask is the one mask with the highest mean Dice on the training frames. Gain: over the better "
    "of the two; a run that does not exceed it has learned nothing useful."
)
VERDICTS: Final = {
    verdicts.ABOVE: "above",
    verdicts.BELOW: "not above",
    verdicts.INSEPARABLE: "not separable",
    verdicts.TOO_FEW: "too few subjects",
    verdicts.NOTHING: "outlines nothing",
    verdicts.EVERYTHING: "outlines everything",
}
DIFFERENCE: Final = "of the difference; paired, clustered by subject"
TESTS: Final = (
    "The intervals and the first p-value come from a paired t test clustered by subject, the "
    "second p-value from Wilcoxon's signed-rank test on the subjects' means; both p-values are "
    "Holm-corrected for the number of comparisons, runs and baselines apart. 'Indistinguishable' "
    "means that the data do not determine which of the two is better."
)
CONCLUSIONS: Final = {
    "better": "above the reference",
    "worse": "below the reference",
    "not separable": "indistinguishable",
    "too few subjects": "too few subjects to tell",
}
# (measure, head, hint, factor, digits); a factor of 100 gives percent
MEASURES: Final = (
    ("dice", "Dice", "mean over frames; a pair of empty masks scores 1", 1, 3),
    ("dice_nerve", "Dice, nerve", "mean over the frames with a nerve", 1, 3),
    ("pooled_dice", "Dice, pooled", "over the pixels of all frames together", 1, 3),
    ("accuracy", "ACC %", "mean over frames", 100, 2),
    ("sensitivity", "SE %", "mean over the frames with a nerve", 100, 2),
    ("specificity", "SP %", "mean over frames", 100, 2),
    ("auc", "AUC %", "over the pixels of all frames together", 100, 2),
    ("presence_precision", "Precision", "of detecting a nerve in a frame", 1, 3),
    ("presence_recall", "Recall", "of detecting a nerve in a frame", 1, 3),
    ("presence_f1", "F1", "of detecting a nerve in a frame", 1, 3),
    ("hd95", "HD95 px", "95th percentile of the distances between the outlines", 1, 1),
    ("msd", "MSD px", "mean distance between the outlines", 1, 2),
    ("ece", "ECE %", "expected calibration error over pixels", 100, 2),
)
MEASURES_CAPTION: Final = (
    "All at 580 x 420 after post-processing; AUC and ECE are computed from the probabilities. "
    "Precision, recall and F1: does a frame contain a nerve at all? HD95 and MSD: 95th "
    "percentile and mean of the distances between the outlines, in pixels; lower is better, as "
    "for ECE. The baselines have no probabilities and were not measured by distance. Hover over a "
    "column head for its definition."
)
COST_COLUMNS: Final = (
    NETWORK,
    Column("Parameters (1e6)", hint="those used in the forward pass"),
    Column("GMACs", hint="1e9 multiply-adds in one forward pass of one image"),
    Column("Latency (ratio)", hint="to a fixed convolution; median and quartiles of all passes"),
    Column("Latency (ms)", hint="for one image; median and quartiles of the same passes"),
    Column("Training (GiB)", hint="peak tensor memory of a training step"),
    Column("Validation Dice"),
)


def leaderboard_table(results: Results) -> Table:
    """Return one row per run and, last, one per baseline.

    Test scores are there only if test masks are known, and Kaggle's only after a submission.
    """
    columns = _leaderboard_columns(results)
    rows = [_leaderboard_row(results, run, _gain(results, run)) for run in results.runs]
    no_gain = [text_cell(""), text_cell("")]
    rows += [_leaderboard_row(results, name, no_gain) for name in BASELINES]
    intervals = NO_INTERVALS
    if results.has_intervals:
        intervals = (
            f"Validation: mean and {results.percent} confidence interval clustered by subject, "
            "because frames of one subject are not independent."
        )
    return Table("Leaderboard", columns, rows, LEADERBOARD_CAPTION.format(intervals=intervals))


def _leaderboard_columns(results: Results) -> list[Column]:
    by = ", by the interval of the gain" if results.has_intervals else ""
    return [
        NETWORK,
        Column("Validation", hint="mean Dice over the validation frames at 580 x 420"),
        Column(f"{results.percent} interval", text=True, hint="clustered by subject"),
        Column("Gain", hint="mean validation Dice minus that of the better baseline"),
        Column("Verdict", text=True, hint=f"against the better baseline{by}"),
        *(TEST_COLUMNS if results.has_test_scores else ()),
        *(KAGGLE_COLUMNS if results.leaderboard else ()),
    ]


def _gain(results: Results, run: str) -> list[Cell]:
    gain = number_cell(results.score(run, "over_baseline"), sign=True)
    return [gain, text_cell(VERDICTS[results.verdict(run)])]


def _leaderboard_row(results: Results, name: str, gain: list[Cell]) -> Row:
    cells = [
        _title_cell(results, name),
        number_cell(results.score(name, "dice")),
        interval_cell(*results.dice_interval(name)),
        *gain,
    ]
    if results.has_test_scores:
        cells += [number_cell(results.score(name, board)) for board in BOARDS]
    if results.leaderboard:
        kaggle = results.leaderboard.get(name, {})
        cells += [number_cell(kaggle.get("public"), 5), number_cell(kaggle.get("private"), 5)]
        missing = "" if name in BASELINES else "not submitted"
        cells.append(text_cell(str(kaggle.get("status", missing)).lower()))
    return Row(cells, _kind(results, name))


def comparison_table(results: Results) -> Table:
    """Return one row for each run but the reference, and one for each baseline."""
    columns = (
        NETWORK,
        Column("Dice"),
        Column("Difference", hint="mean Dice minus the reference's"),
        Column(f"{results.percent} interval", text=True, hint=DIFFERENCE),
        Column("p, t test", hint="paired, clustered by subject, Holm-corrected"),
        Column("p, Wilcoxon", hint="signed-rank test on the subjects' means, Holm-corrected"),
        Column("Conclusion", text=True),
    )
    reference = results.title(results.reference)
    tests = TESTS if results.has_intervals else NO_INTERVALS
    caption = f"Mean Dice of each run minus that of {reference} on the same frames. {tests}"
    rows = [_comparison_row(results, row) for row in results.comparison.to_dict("records")]
    return Table("Comparison", columns, rows, caption)


def _comparison_row(results: Results, row: dict[Any, Any]) -> Row:
    cells = [
        _title_cell(results, str(row["run"])),
        number_cell(row["dice"]),
        number_cell(row["difference"], sign=True),
        interval_cell(row["low"], row["high"], sign=True),
        p_cell(row["t_test_holm"]),
        p_cell(row["wilcoxon_holm"]),
        text_cell(CONCLUSIONS[row["verdict"]]),
    ]
    return Row(cells, _kind(results, str(row["run"])))


def measures_table(results: Results) -> Table:
    """Return one row per run and baseline with every measure."""
    columns = [NETWORK, *(Column(head, hint=hint) for _, head, hint, _, _ in MEASURES)]
    rows = []
    for run in [*results.runs, *BASELINES]:
        cells = [_title_cell(results, run)]
        cells += [
            number_cell(factor * results.score(run, measure), digits)
            for measure, _, _, factor, digits in MEASURES
        ]
        rows.append(Row(cells, _kind(results, run)))
    return Table("Measures", columns, rows, MEASURES_CAPTION)


def cost_table(results: Results) -> Table:
    """Return one row for each run whose cost was measured."""
    runs = [run for run in results.runs if run in results.costs]
    rows = [_cost_row(results, run) for run in runs]
    return Table("Cost", COST_COLUMNS, rows, _cost_caption(results, runs))


def _cost_row(results: Results, run: str) -> Row:
    cost = results.costs[run]
    cells = [
        _title_cell(results, run),
        number_cell(cost["parameters"] / 1e6, 2),
        number_cell(cost["gmacs"], 2),
        _spread_cell(*(cost[f"latency_relative{end}"] for end in ("", "_low", "_high"))),
        _spread_cell(*(cost[f"latency_{end}ms"] for end in ("", "low_", "high_"))),
        number_cell(cost["training_gib"], 2),
        number_cell(results.score(run, "dice")),
    ]
    return Row(cells, _kind(results, run))


def _spread_cell(value: float, low: float, high: float) -> Cell:
    middle, quartiles = number_cell(value, 1), interval_cell(low, high, 1)
    return Cell(f"{middle.text} {bracketed(quartiles.text)}", middle.value)


def _cost_caption(results: Results, runs: list[str]) -> str:
    if not runs:
        return ""
    cost = results.costs[runs[0]]  # all costs are measured with the same settings
    size = f"{cost['size']} x {cost['size']}"
    return (
        f"For one image of {size} pixels, in float32, without test-time augmentation, on a "
        f"{cost['device'].upper()} with {cost['threads']} thread(s). Each pass is timed in turn "
        "with a fixed convolution of 0.15e9 multiply-adds: the ratio of the two can be compared "
        "between networks, while milliseconds depend on how busy the machine was. In brackets: "
        "the quartiles over repeated passes. Training: peak tensor memory of a step with "
        f"{cost['batch']} images and Adam, without convolution workspaces."
    )


def _title_cell(results: Results, run: str) -> Cell:
    return text_cell(results.title(run), css_colour(results, run))


def _kind(results: Results, run: str) -> str:
    if run in BASELINES:
        return "rest"
    return "ours" if run == results.reference else ""
