"""What the paper states of its protocol: one table of every parameter.

Every key of params.yaml has an entry in `PAPER`. A key without an entry counts as a difference, so
that a new parameter can never hide behind 'as the paper states', and a test fails until it has one.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

KAGGLE: Final = "ultrasound-nerve-segmentation"
WIDTH: Final = "models.*.width"
FULL_WIDTH: Final = 64
FULL_WIDTHS: Final = {"unetpp": 32}
"""Network -> the width of its own paper, where that is not `FULL_WIDTH`."""


class Stated(NamedTuple):
    """A parameter whose value the paper states.

    Attributes:
        value: the paper's value.
        note: what a difference means, for the report.
    """

    value: object
    note: str = ""


class Open(NamedTuple):
    """A parameter that can change scores and that the paper does not state.

    Attributes:
        note: what is known about it.
    """

    note: str = ""


class Harmless(NamedTuple):
    """A parameter that cannot affect whether scores are comparable with the paper's.

    Attributes:
        why: the reason.
    """

    why: str


Entry = Stated | Open | Harmless
_OTHER_SOURCE = Harmless("read by one source of data only, and data.source says which is used")
_ONLY_MARKS = Harmless("marks doubtful labels; split.drop_contradictions says whether they count")
_AFTER = Harmless("read after the masks have been scored")
_OTHER_RULE = Harmless("read by fitted rules only, and decide.rule says which rule is used")
_COMPETITOR = Open("the paper does not say how its competitors were built")
_COST = Harmless("the paper's tables hold no costs")

PAPER: Final[Mapping[str, Entry]] = {
    "data.source": Stated("kaggle", "only this source is known to hold the competition's frames"),
    "data.archive": _OTHER_SOURCE,
    "data.solution": Harmless("the paper's tables hold validation scores"),
    "data.simulated": _OTHER_SOURCE,
    "data.kaggle.competition": Stated(KAGGLE),
    "pack.shape": Stated([512, 512]),
    "audit": _ONLY_MARKS,
    "split.protocol": Stated(
        "image", "the paper's random split puts frames of a subject on both sides: higher scores"
    ),
    "split.folds": Stated(5, "the paper validates on a fifth of the frames"),
    "split.fold": Open(),
    "split.seed": Open(),
    "split.drop_contradictions": Stated(False),
    WIDTH: Stated(FULL_WIDTH),
    "models.*.encoder_weights": Stated("imagenet"),
    "models.*.reading": Open("the paper's text and the authors' released code differ"),
    "models.*.softmax": Open("over which axis of the regions; eq. 5 can be read either way"),
    "models.*.gating": _COMPETITOR,
    "models.*.deep_supervision": _COMPETITOR,
    "train.epochs": Stated(70),
    "train.batch": Stated(8),
    "train.accumulation": Stated(1, "batch normalisation sees fewer frames at a time"),
    "train.optimizer": Stated("adam"),
    "train.initial_weights": Stated(None, "the paper trains each network from its encoder on"),
    "train.pseudo_labels": Stated(None, "the paper trains on labelled frames alone"),
    "train.learning_rate": Stated(1e-4),
    "train.schedule": Stated("poly"),
    "train.power": Stated(0.9),
    "train.warmup": Stated(0),
    "train.weight_decay": Stated(1e-3, "lambda in eq. 11"),
    "train.ema": Stated(0),
    "train.average_last": Stated(0),
    "train.presence_head": Stated(0),
    "train.half_size": Stated(0),
    "train.validate_every": Harmless("the last weights count, whatever validates before them"),
    "train.losses": Stated({"cross_entropy": 1, "dice": 0, "squared_dice": 1}, "eq. 9 and 10"),
    "train.dice_over": Stated("batch", "eq. 10 reads like one sum over the batch"),
    "train.dice_smoothing": Stated(0, "eq. 10 has none"),
    "train.heads": Open(),
    "train.soft_outline": Stated(0),
    "train.balance": Stated(True),
    "train.flips": Stated(["horizontal", "vertical", "diagonal"]),
    "train.rotation": Stated(15),
    "train.scale": Stated(0),
    "train.shift": Stated(0),
    "train.intensity": Stated(0),
    "train.transforms": Stated([]),
    "train.channels": Open(),
    "train.precision": Open(),
    "train.deterministic": Harmless("chooses algorithms; results differ by rounding only"),
    "train.recompute": Harmless("changes memory and speed; the gradients are the same"),
    "train.compile": Harmless("changes the speed; results differ by rounding only"),
    "train.seed": Open(),
    "predict.tta": Stated("d4", "the paper says that it averages over views, but not which"),
    "predict.tta_weights": Stated("mean"),
    "predict.batch": Harmless("changes memory and speed; results differ by rounding only"),
    "predict.precision": Open(),
    "trainings": Stated({}, "scores are of several trainings together, and out of fold"),
    "predict.engine": Harmless("changes the speed; results differ by rounding only"),
    "ensembles": Harmless("rows of their own beside the runs, which they do not change"),
    "decide.rule": Stated("fixed", "the paper fits no rule on validation frames"),
    "decide.folds": _OTHER_RULE,
    "decide.match_prevalence": _OTHER_RULE,
    "decide.sweep": Stated(0, "the paper predicts every frame by itself"),
    "decide.shape": Stated(0, "the paper has no prior of shape"),
    "encode.threshold": Stated(0.5),
    "encode.min_blob": Stated(0, "the paper removes no small blobs"),
    "encode.min_total": Stated(0, "the paper empties no small masks"),
    "score": Harmless("bins of the calibration, which the paper does not have"),
    "cost": _COST,
    "summary": _AFTER,
    "report": _AFTER,
    "leaderboard": _AFTER,
}
"""Key of params.yaml -> what the paper states. `*` stands for any run; a section stands for all its
parameters."""
ALWAYS_OPEN: Final = (
    "normalisation of the input",
    "the random split",
    "whether the Dice loss sums over a frame or over the batch",
    "which views test-time augmentation averages",
)
"""What the paper leaves open whatever params.yaml says."""
