"""All measures of every network."""

from typing import Final

from nerveseg.reporting.results import Results
from nerveseg.reporting.tables.table import Column, Row, Table, number, words

# (measure, head, hint, factor, digits); the factor makes per cent
MEASURES: Final = (
    ("dice", "Dice", "mean over frames; two empty masks count 1", 1, 3),
    ("dice_nerve", "Dice, nerve", "mean over the frames with a nerve", 1, 3),
    ("pooled_dice", "Dice, pooled", "over the pixels of all frames together", 1, 3),
    ("accuracy", "ACC %", "mean over frames", 100, 2),
    ("sensitivity", "SE %", "mean over the frames with a nerve", 100, 2),
    ("specificity", "SP %", "mean over frames", 100, 2),
    ("auc", "AUC %", "over the pixels of all frames together", 100, 2),
    ("presence_precision", "Precision", "of calling a nerve present", 1, 3),
    ("presence_recall", "Recall", "of calling a nerve present", 1, 3),
    ("presence_f1", "F1", "of calling a nerve present", 1, 3),
    ("hd95", "HD95 px", "95th percentile of the distances between the outlines", 1, 1),
    ("msd", "MSD px", "mean distance between the outlines", 1, 2),
    ("ece", "ECE %", "expected calibration error over pixels", 100, 2),
)
CAPTION: Final = (
    "All at 580 x 420 after post-processing, AUC and ECE from the probabilities. Precision, "
    "recall and F1: does a frame have a nerve at all? HD95 and MSD: 95th percentile and mean of "
    "the distances between the outlines, in pixels; lower is better, as for ECE. Hold the "
    "pointer over a head for its definition."
)


def build(results: Results) -> Table:
    """Return a row a network."""
    columns = [Column("Network", text=True)]
    columns += [Column(head, hint=hint) for _, head, hint, _, _ in MEASURES]
    rows = []
    for name in results.networks:
        cells = [words(results.title(name), results.colour(name))]
        cells += [
            number(factor * results.score(name, measure), digits)
            for measure, _, _, factor, digits in MEASURES
        ]
        rows.append(Row(cells, "ours" if name == results.reference else ""))
    return Table("Measures", columns, rows, CAPTION)
