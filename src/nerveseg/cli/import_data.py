"""`nerveseg import`: images and masks of your own become an archive in the competition's layout."""

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from nerveseg.cli.finite_range import FiniteRange

if TYPE_CHECKING:
    from nerveseg.importing.matching import SubjectOf
    from nerveseg.importing.run import Imported, Plan

FILE: Final = click.Path(path_type=Path)
_SHARE: Final = FiniteRange(0, 1, min_open=True, max_open=True)
_COLOUR: Final = re.compile(r"#?([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})")


def _colours(
    _: click.Context, __: click.Parameter, values: tuple[str, ...]
) -> tuple[tuple[int, int, int], ...]:
    """Return red, green and blue of each colour, 0 to 255."""
    colours = []
    for value in values:
        if (found := _COLOUR.fullmatch(value)) is None:
            raise click.BadParameter(f"'{value}' is not a colour; write one such as '#ff0000'")
        red, green, blue = (int(part, 16) for part in found.groups())
        colours.append((red, green, blue))
    return tuple(colours)


@click.command("import", short_help="Make an archive of your own images and masks.")
@click.argument("folder", type=FILE)
@click.argument("out", type=FILE)
@click.option("--images", required=True, metavar="PATTERN", help="Which files are images.")
@click.option("--masks", metavar="PATTERN", help="Which files are masks, or files of LabelMe.")
@click.option("--coco", type=FILE, help="A COCO file that outlines all images, instead of masks.")
@click.option("--subject", metavar="REGEX", help="Finds a group named subject in a path.")
@click.option("--subject-table", type=FILE, help="A CSV file that says whom an image shows.")
@click.option("--file-column", default="file", show_default=True, help="Its column of images.")
@click.option(
    "--subject-column", default="subject", show_default=True, help="Its column of subjects."
)
@click.option(
    "--missing-mask",
    type=click.Choice(["refuse", "empty", "skip"]),
    default="refuse",
    show_default=True,
    help="An image without a mask is a fault, shows no nerve, or is left out.",
)
@click.option("--mask-value", type=int, multiple=True, help="A grey level that is inside.")
@click.option(
    "--mask-color",
    multiple=True,
    metavar="#RRGGBB",
    callback=_colours,
    help="A colour that is inside.",
)
@click.option(
    "--color-tolerance",
    type=click.IntRange(0, 255),
    default=0,
    show_default=True,
    help="How far each channel may be from that colour.",
)
@click.option(
    "--fill-outlines",
    type=click.Choice(["closed", "hull", "never"]),
    help="Masks are lines: fill closed ones, or the convex hull of each, or take them as they are.",
)
@click.option("--category", multiple=True, help="A category of COCO or label of LabelMe.")
@click.option(
    "--fit",
    type=click.Choice(["letterbox", "stretch"]),
    default="letterbox",
    show_default=True,
    help="Keep the proportions and add black borders, or stretch to 580 x 420.",
)
@click.option(
    "--levels", type=(float, float), metavar="LOW HIGH", help="Values that become black and white."
)
@click.option(
    "--every", type=click.IntRange(min=1), default=1, show_default=True, help="Thin out videos."
)
@click.option(
    "--first-frame", type=click.IntRange(min=0), help="The number that {frame} begins at."
)
@click.option("--test-subjects", multiple=True, metavar="NAME", help="A subject to test on.")
@click.option(
    "--test-share",
    type=_SHARE,
    default=0.2,
    show_default=True,
    help="Otherwise, the share of the subjects that are drawn for the test.",
)
@click.option("--test-images", metavar="PATTERN", help="Images without masks to test on instead.")
@click.option(
    "--public-share",
    type=_SHARE,
    default=0.2,
    show_default=True,
    help="Share of the test images whose score is public.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Seed of what is drawn.")
@click.option("--dry-run", is_flag=True, help="Check everything, write only the contact sheet.")
@click.option("--sheet", type=FILE, help="Where --dry-run writes it; otherwise OUT-sheet.png.")
def import_data(
    folder: Path, out: Path, dry_run: bool, sheet: Path | None, **options: object
) -> None:
    """Make an archive in the competition's layout of the images and masks in FOLDER.

    OUT is a new folder. It gets the archive, a solution (the masks of the test images),
    geometry.csv (how to bring a mask back to the original image), subjects.csv (who has which
    number) and contact_sheet.png.

    A PATTERN is a path within FOLDER in which * stands for any text: an image and a mask belong
    together if the texts are the same, as with --images '*.png' --masks '*_mask.png'. Further
    wildcards in the pattern of masks allow several masks for an image. **/ stands for any
    folders, {frame} for the number of a frame. After re:, it is a regular expression with a group
    named id.
    """
    from nerveseg.importing import advice
    from nerveseg.importing.run import SHEET, draw_sheet

    _check_sheet(sheet, folder, dry_run)
    if dry_run:
        sheet = sheet or Path(f"{out}-sheet.png")
        _report(draw_sheet(_plan(folder, options), sheet))
        click.echo(f"look at {sheet}; nothing else was written")
        return
    parameters = import_for_pipeline(folder, out, options)
    click.echo(f"look at {out / SHEET}; then run")
    click.echo(advice.command(parameters))


def _check_sheet(sheet: Path | None, folder: Path, dry_run: bool) -> None:
    if sheet is None:
        return
    if not dry_run or sheet.suffix != ".png":
        raise click.UsageError("--sheet names the PNG of --dry-run, such as sheet.png")
    if folder.resolve() in sheet.resolve().parents:
        raise click.UsageError(f"--sheet {sheet} is inside {folder}; give a path outside")


def import_for_pipeline(folder: Path, out: Path, options: Mapping[str, Any]) -> dict[str, object]:
    """Import `folder`, report it, and return the parameters with which the pipeline takes it.

    Args:
        folder: the folder with the images.
        out: a new folder.
        options: those of `nerveseg import` by their names.
    """
    from nerveseg.importing import advice
    from nerveseg.importing.run import import_folder

    imported = import_folder(_plan(folder, options), out)
    _report(imported)
    return advice.settings(imported.contents, out)


def _report(imported: "Imported") -> None:
    from nerveseg.importing import advice

    for line in advice.summary(imported):
        click.echo(line)
    for line in advice.warnings(imported.contents):
        click.echo(f"warning: {line}", err=True)


def _plan(folder: Path, options: Mapping[str, Any]) -> "Plan":
    from nerveseg.importing.masks import Inside
    from nerveseg.importing.patterns import Pattern
    from nerveseg.importing.rules import Rules
    from nerveseg.importing.run import Plan

    _check_usage(options)
    masks, unlabelled = options["masks"], options["test_images"]
    inside = Inside(
        values=options["mask_value"],
        colours=options["mask_color"],
        tolerance=options["color_tolerance"],
        fill=options["fill_outlines"],
    )
    rules = Rules(
        inside=inside,
        labels=options["category"],
        missing=options["missing_mask"],
        fit=options["fit"],
        levels=options["levels"],
        every=options["every"],
        first_frame=options["first_frame"] or 0,
    )
    return Plan(
        folder=folder,
        images=Pattern(options["images"]),
        masks=Pattern(masks) if masks else None,
        coco=options["coco"],
        unlabelled=Pattern(unlabelled) if unlabelled else None,
        subject_of=_subject_of(options),
        rules=rules,
        test_subjects=options["test_subjects"],
        test_share=options["test_share"],
        public=options["public_share"],
        seed=options["seed"],
    )


def _check_usage(options: Mapping[str, Any]) -> None:
    if (options["masks"] is None) == (options["coco"] is None):
        raise click.UsageError("give either --masks or --coco")
    if (options["subject"] is None) == (options["subject_table"] is None):
        raise click.UsageError(
            "give either --subject or --subject-table; if every file shows another subject, "
            "give --subject '(?P<subject>.+)'"
        )
    if options["mask_value"] and options["mask_color"]:
        raise click.UsageError("--mask-value and --mask-color exclude each other")
    if options["test_subjects"] and options["test_images"]:
        raise click.UsageError("--test-subjects and --test-images exclude each other")
    low, high = options["levels"] or (0, 1)
    if not (low < high and math.isfinite(high - low)):
        raise click.UsageError("--levels: two numbers, of which the first is below the second")
    if re.search(r"\{frame\}|<frame>", options["masks"] or "") and (options["first_frame"] is None):
        raise click.UsageError("masks of numbered frames need --first-frame, mostly 0 or 1")


def _subject_of(options: Mapping[str, Any]) -> "SubjectOf":
    from nerveseg.errors import within
    from nerveseg.importing.matching import subject_by_name, subject_by_table

    if options["subject"] is not None:
        with within("--subject"):
            return subject_by_name(options["subject"])
    return subject_by_table(
        options["subject_table"], options["file_column"], options["subject_column"]
    )
