"""Protects the user's own files: DVC removes the outputs of a stage before it runs."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from dvc.exceptions import DvcException
from dvc.repo import Repo

from nerveseg.errors import InputError
from nerveseg.params.data import DataParams


def refuse_outputs(params: DataParams, root: Path) -> None:
    """Refuse an archive or solution that is an output of the pipeline, which DVC would delete.

    Symbolic links are followed in both paths: if `data` is a link to another disk, outputs are
    recognised there, too.

    Args:
        params: the section `data`.
        root: root of the repository. In an experiment that runs in a copy of the repository, the
            outputs of the original count as well, because the next run there would delete them.

    Raises:
        InputError: `data.archive` or `data.solution` is an output of a stage.
    """
    paths = {"data.archive": params.archive, "data.solution": params.solution}
    given = {key: Path(value) for key, value in paths.items() if value is not None}
    if not given:
        return
    roots = [root, Path(os.environ.get("DVC_ROOT") or root)]
    outputs = list(_outputs(root))
    for key, path in given.items():
        _check_name(key, path)
        for output, stage in outputs:
            if any(_same_or_inside(path, base / output) for base in roots):
                raise InputError(
                    f"{key}: {path} is {output}, an output of the stage {stage}, which DVC "
                    "deletes before it runs; copy it elsewhere, to data/raw for example"
                )


def _check_name(key: str, path: Path) -> None:
    try:
        os.fsencode(path)
        path.resolve()
    except ValueError as error:
        raise InputError(f"{key}: {str(path)!r} cannot be a path; correct it") from error


def _outputs(root: Path) -> Iterable[tuple[Path, str]]:
    """Yield every output of the pipeline, relative to `root`, and the stage that writes it."""
    try:
        index = Repo(str(root)).index
        for out in index.outs:
            yield Path(out.fs_path).relative_to(index.repo.root_dir), out.stage.addressing
    except DvcException as error:
        raise InputError(
            f"{root.resolve()}: {error}; run this in the folder that contains dvc.yaml"
        ) from error


def _same_or_inside(path: Path, output: Path) -> bool:
    return any(
        location == target or target in location.parents
        for location in _locations(path)
        for target in _locations(output)
    )


def _locations(path: Path) -> Iterator[Path]:
    """Yield `path` made absolute, and the target of its links."""
    yield Path(os.path.abspath(path))  # noqa: PTH100 (resolves '..' but keeps links)
    yield path.resolve()
