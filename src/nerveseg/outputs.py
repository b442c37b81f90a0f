"""Keeps files of the user's out of the outputs, which DVC removes before a stage runs."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from dvc.exceptions import DvcException
from dvc.repo import Repo

from nerveseg.errors import InputError
from nerveseg.params.data import DataParams


def refuse_outputs(params: DataParams, root: Path) -> None:
    """Refuse an archive or solution that DVC would delete.

    Links are followed on both sides: the outputs of a repository whose `data` is a link to
    another disk are found there, too.

    Args:
        params: the section `data`.
        root: of the repository. Within an experiment that runs in a copy, the original's
            outputs count as well: the next run in place would delete there.

    Raises:
        InputError: `data.archive` or `data.solution` is an output of a stage.
    """
    named = {"data.archive": params.archive, "data.solution": params.solution}
    given = {key: Path(value) for key, value in named.items() if value is not None}
    if not given:
        return
    roots = [root, Path(os.environ.get("DVC_ROOT") or root)]
    outputs = list(_outputs(root))
    for key, path in given.items():
        for output, stage in outputs:
            if any(_same_or_inside(path, base / output) for base in roots):
                raise InputError(
                    f"{key}: {path} is {output}, an output of the stage {stage}, which DVC "
                    "deletes before it runs; copy it elsewhere, to data/raw for example"
                )


def _outputs(root: Path) -> Iterable[tuple[Path, str]]:
    """Yield every output of the pipeline, relative to `root`, and the stage that makes it."""
    try:
        index = Repo(str(root)).index
        for out in index.outs:
            yield Path(out.fs_path).relative_to(index.repo.root_dir), out.stage.addressing
    except DvcException as error:
        raise InputError(f"{root.resolve()}: {error}; run this where dvc.yaml is") from error


def _same_or_inside(path: Path, output: Path) -> bool:
    return any(
        place == end or end in place.parents for place in _places(path) for end in _places(output)
    )


def _places(path: Path) -> Iterator[Path]:
    """Yield where `path` is by its name and where its links lead."""
    yield Path(os.path.abspath(path))  # noqa: PTH100 (resolves '..' and keeps links)
    yield path.resolve()
