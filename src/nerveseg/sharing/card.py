"""The model card: what a shared network is, how it was trained, and what it must not be used for.

The structure follows Mitchell et al., "Model Cards for Model Reporting", FAT* 2019; the lines at
the top are those that Hugging Face reads.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from nerveseg.artefact.format import Artefact
from nerveseg.bedside.overlay import NOTICE
from nerveseg.models.weights import Description
from nerveseg.package import MODEL

_SOURCES: Final[Mapping[str, str]] = {
    "simulated": (
        "simulated frames in the format of Kaggle's Ultrasound Nerve Segmentation. **No image of a "
        "person was used, and the network is of no use on images of persons**"
    ),
    "archive": "frames in the layout of Kaggle's Ultrasound Nerve Segmentation, from an archive "
    "that the maker of this file chose",
    "kaggle": "Kaggle's Ultrasound Nerve Segmentation: the brachial plexus in the neck, outlined "
    "by experts; some frames that show a nerve are not outlined",
}
_METRICS: Final[Mapping[str, str]] = {
    "dice": "Dice per frame, validation; two empty masks score 1",
    "private": "Dice per frame, private test frames",
    "public": "Dice per frame, public test frames",
    "dice_nerve": "Dice of the validation frames with a nerve",
    "presence_precision": "of the frames with an outline, share with a nerve",
    "presence_recall": "of the frames with a nerve, share with an outline",
    "hd95": "95th percentile of the distance between outlines, pixels at 420 x 580",
    "ece": "expected calibration error of the pixels' probabilities",
}
_PROTOCOL: Final = (
    "epochs", "batch", "learning_rate", "weight_decay", "losses", "balance", "flips", "rotation",
    "scale", "shift", "intensity", "precision", "seed", "pseudo_labels_of",
)  # fmt: skip


def card_of(artefact: Artefact, description: Description, package: str) -> str:
    """Return the card in Markdown.

    Args:
        artefact: what is shared.
        description: what the weights say about their network.
        package: name of the zip, for the examples.
    """
    parts = (
        _head(artefact),
        _use(package),
        _network(artefact, description),
        _training(artefact, description),
        _scores(artefact),
        _decision(artefact),
        _limits(artefact, description),
        _origin(artefact),
    )
    return "\n".join(parts)


def _head(artefact: Artefact) -> str:
    return f"""---
library_name: nerveseg
pipeline_tag: image-segmentation
tags: [medical, ultrasound, segmentation, nerve]
---

# {artefact.title}: the brachial plexus in ultrasound images

Outlines the nerve in a frame, or reports that none is visible. Trained with nerveseg as the run
`{artefact.run}`.

**This is {NOTICE}.** It is for research and teaching. Do not use it to guide a needle, or to
decide about a patient.
"""


def _use(package: str) -> str:
    return f"""## How to use it

Unpack nothing: the zip, or the file `{MODEL}` in it, is all that is needed.

```
pip install nerveseg            # with '[media]' for DICOM files and videos
nerveseg predict {package} frames/ -o found
```

```python
import nerveseg

predict = nerveseg.load("{package}")
probability = predict(image)  # uint8 H x W -> float32 H x W, 0 to 1
[finding] = predict.find(image)  # finding.mask, finding.state, finding.probability
```
"""


def _network(artefact: Artefact, description: Description) -> str:
    height, width = description.image_size
    options = ", ".join(f"{key} {value}" for key, value in description.options.items())
    return f"""## Network

{artefact.title} ({artefact.paper}); options: {options or "none"}.
{artefact.data.get("parameters", "unknown")} parameters, {description.in_channels} input channel(s).
Frames are resized to {height} x {width} (height x width), and grey levels normalised as
(x / 255 - {artefact.normalisation.mean}) / {artefact.normalisation.deviation}. A prediction
averages over the views {", ".join(artefact.tta)} ({artefact.tta_weights}).
"""


def _training(artefact: Artefact, description: Description) -> str:
    data = artefact.data
    source = _SOURCES.get(str(data.get("source")), "not recorded")
    protocol = _table(
        ("parameter", "value"),
        ((key, description.training[key]) for key in _PROTOCOL if key in description.training),
    )
    return f"""## Data and training

Data: {source}.
{data.get("train_frames")} frames of {data.get("train_subjects")} subjects for training,
{data.get("train_nerves")} of them with a nerve;
{data.get("valid_frames")} frames of {data.get("valid_subjects")} subjects for validation,
{data.get("valid_nerves")} of them with a nerve.

{protocol}
"""


def _scores(artefact: Artefact) -> str:
    metrics = artefact.metrics
    rows = [
        (text, f"{value:.3f}", _interval(metrics) if key == "dice" else "")
        for key, text in _METRICS.items()
        if isinstance(value := metrics.get(key), float)
    ]
    if not rows:
        return "## Scores\n\nNot measured.\n"
    verdict = metrics.get("verdict")
    said = f"\nAgainst the best of an empty and a constant mask: {verdict}.\n" if verdict else ""
    return f"## Scores\n\n{_table(('metric', 'value', 'interval'), rows)}\n{said}"


def _interval(metrics: Mapping[str, float | str]) -> str:
    if "dice_low" not in metrics:
        return ""
    low, high, level = (float(metrics[key]) for key in ("dice_low", "dice_high", "level"))
    return f"{low:.3f} to {high:.3f} ({level:.0%}, over subjects)"


def _decision(artefact: Artefact) -> str:
    rule = artefact.rule
    if rule.presence:
        probability = """The probability p of a nerve and the expected Dice D of its outline are
  estimated from features of the map, fitted on validation frames. Only if p > 1 / (1 + D) is there
  an outline."""
    else:
        probability = f"""The probability of a nerve is the mean over the {rule.nerve_pixels} most
  probable pixels. It orders frames; it is no frequency."""
    sure = (
        f"- There is no outline without {rule.sure.pixels} pixels of at least "
        f"{rule.sure.threshold}.\n"
        if rule.sure
        else ""
    )
    shape = (
        f"- Each outline is redrawn by a prior of the training masks' shapes, with "
        f"{len(rule.shape.deviations)} components.\n"
        if rule.shape
        else ""
    )
    return f"""## Decision

For frames of {rule.frame[0]} x {rule.frame[1]}; areas scale with the number of pixels.

- A pixel is inside if its probability is at least {rule.threshold}; blobs below {rule.min_blob}
  pixels are removed, and masks below {rule.min_total} pixels emptied.
{shape}{sure}- {probability}
- `nerve`: an outline and a probability of at least {rule.sure_nerve}. `none`: no outline and at
  most {rule.sure_none}. `unsure`: anything else.
"""


def _limits(artefact: Artefact, description: Description) -> str:
    simulated = artefact.data.get("source") == "simulated"
    first = (
        "It has seen simulated frames alone."
        if simulated
        else "It has seen the frames of one collection; other scanners, probes, settings, body "
        "regions and patients were not tried."
    )
    height, width = description.image_size
    nerves, frames = artefact.data.get("train_nerves"), artefact.data.get("train_frames")
    always = (
        "- Every training frame shows a nerve: it has not learnt when to answer 'none'.\n"
        if frames is not None and nerves == frames
        else ""
    )
    return f"""## Limits

- {first}
{always}- Frames of other proportions than {height} x {width} are squeezed to it.
- The scores hold for frames like those of the validation, and the interval for other subjects of
  the same kind.
- An outline is drawn with the same line whether the network is right or wrong.
- Who shares this file answers for the licence of the data that it was trained on.
"""


def _origin(artefact: Artefact) -> str:
    made = _table(("package", "version"), artefact.made_with.items())
    files = _table(("training data", "SHA-256"), artefact.fingerprint.items())
    return f"## Origin\n\n{made}\n\n{files}\n"


def _table(header: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    def line(cells: Iterable[object]) -> str:
        return "| " + " | ".join(str(cell).replace("|", "/") for cell in cells) + " |"

    return "\n".join([line(header), line("---" for _ in header), *map(line, rows)])
