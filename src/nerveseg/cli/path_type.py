"""Type of an option or argument that is a path."""

from pathlib import Path
from typing import Any

import click

from nerveseg.errors import InputError


class PathType(click.Path):
    """A path; an empty one, as of an unset variable, is not the current folder.

    Raises:
        InputError: the path is empty.
    """

    def __init__(self, *, dir_okay: bool = True) -> None:
        super().__init__(path_type=Path, dir_okay=dir_okay)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401
        """Return the path."""
        if value == "":
            where = param.opts[0] if param is not None else "a path"
            raise InputError(f"{where}: an empty path; name a file or folder, such as .")
        return super().convert(value, param, ctx)
