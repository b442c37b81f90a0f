"""File name patterns whose wildcards say which mask belongs to which image.

A pattern is a glob relative to the folder: `*` and `?` match within one name, `**/` any number of
folders, `{frame}` the number of a frame within a video. With `re:` before it, it is a regular
expression for the whole path, with a named group `id` and, for masks of frames, `frame`.
"""

import re
from pathlib import Path
from typing import Final, NamedTuple

from nerveseg.errors import InputError

_REGEX: Final = "re:"
_FRAME: Final = "frame"
_WILDCARDS: Final = {"**/": "((?:.*/)?)", "*": "([^/]*?)", "?": "([^/])"}
_PARTS: Final = re.compile(r"\*\*/|\{frame\}|\*|\?|[^*?{]+|\{")


class Match(NamedTuple):
    """What a pattern found in a path.

    A mask belongs to an image if its key begins with that of the image. Further wildcards of the
    masks' pattern may match anything, so an image may have several masks.

    Attributes:
        key: the texts that its wildcards matched, or that its group `id` matched.
        frame: the number that {frame} matched, if the pattern has it.
    """

    key: tuple[str, ...]
    frame: int | None


class Pattern:
    """A compiled pattern.

    Attributes:
        text: the pattern as it was given.
        has_frame: whether it matches the number of a frame.
    """

    def __init__(self, text: str) -> None:
        """Compile a pattern.

        Raises:
            InputError: a regular expression is invalid or has no group `id`.
        """
        self.text = text
        self._named = text.startswith(_REGEX)
        if self._named:
            self._regex = compiled(text.removeprefix(_REGEX), "id")
        else:
            self._regex = re.compile("".join(_translated(part) for part in _PARTS.findall(text)))
        self.has_frame = _FRAME in self._regex.groupindex

    def match(self, path: str) -> Match | None:
        """Return what the pattern finds in `path`, with '/' between folders, or None."""
        found = self._regex.fullmatch(path)
        if found is None:
            return None
        number = found[_FRAME] if self.has_frame else None
        frame = int(number) if number is not None and number.isdecimal() else None
        if self._named:
            return Match((found["id"],), frame)
        index = self._regex.groupindex.get(_FRAME)
        texts = enumerate(found.groups(), 1)
        return Match(tuple(text for group, text in texts if group != index), frame)


def compiled(text: str, group: str) -> re.Pattern[str]:
    """Return a regular expression that has the named group `group`.

    Raises:
        InputError: it is invalid or has no such group.
    """
    try:
        regex = re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise InputError(f"'{text}': not a regular expression ({error}); correct it") from error
    if group not in regex.groupindex:
        raise InputError(
            f"'{text}': has no group named {group}; put (?P<{group}>...) around that part"
        )
    return regex


def files_below(folder: Path) -> list[str]:
    """Return the paths of all files below `folder`, relative to it, in natural order.

    Hidden files and folders are left out.

    Raises:
        InputError: `folder` is not a folder.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: not a folder; give the folder that holds the images")
    names = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    visible = (name for name in names if not any(part.startswith(".") for part in name.parts))
    return sorted((name.as_posix() for name in visible), key=natural)


def natural(text: str) -> tuple[list[tuple[int, str]], str]:
    """Return a key by which 'a2' comes before 'a10', and '1' and '01' are not equal."""
    pieces = re.findall(r"([0-9]{1,18})|([^0-9]+|[0-9]+)", text)
    return [(int(digits), "") if digits else (-1, other) for digits, other in pieces], text


def _translated(part: str) -> str:
    if part == "{frame}":
        return f"(?P<{_FRAME}>[0-9]{{1,9}})"
    return _WILDCARDS.get(part) or re.escape(part)
