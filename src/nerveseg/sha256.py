"""The SHA-256 of a file, by which results name what they were made from."""

import hashlib
from pathlib import Path

from nerveseg.errors import InputError


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits, as the command sha256sum prints it.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path}: not readable ({error.strerror}); check the path") from error
