"""What was sent to Kaggle: written before each upload and after each answer, never thrown away.

It is no output of DVC, which removes outputs before it runs a stage. It holds no credential and
is meant to be committed. Kaggle's own list comes first where the two differ.
"""

import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from nerveseg.atomic import whole_file
from nerveseg.errors import InputError


class Entry(BaseModel):
    """One file that was sent, or was about to be.

    Attributes:
        ref: Kaggle's reference; '' when the run ended between sending and the answer.
        status: 'SENDING', or what Kaggle says.
        public: public score, None until known.
        private: private score, None until known.
        words: why Kaggle could not score it.
        message: the description it was submitted with.
        date: when Kaggle took it in, UTC.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    ref: str
    status: str
    public: float | None
    private: float | None
    words: str
    message: str
    date: str


_CONTENT: TypeAdapter[dict[str, dict[str, Entry]]] = TypeAdapter(dict[str, dict[str, Entry]])


class Ledger:
    """Entries by the SHA-256 of the file, for one competition on one service."""

    def __init__(self, path: Path, service: str, slug: str) -> None:
        """Read the ledger at `path`; there need not be one yet.

        A stand-in on this machine has entries of its own: its scores are nobody's.

        Raises:
            InputError: the file is not a ledger.
        """
        self._path = path
        self._key = f"{service}/{slug}"
        self._content = _read(path)
        self.entries = self._content.setdefault(self._key, {})

    def write(self, sha256: str, entry: Entry) -> None:
        """Keep `entry`; it is on the disk when this returns."""
        self.entries[sha256] = entry
        with whole_file(self._path) as temporary:
            text = json.dumps(_CONTENT.dump_python(self._content), indent=2, sort_keys=True)
            temporary.write_text(f"{text}\n", encoding="utf-8")


def _read(path: Path) -> dict[str, dict[str, Entry]]:
    try:
        return _CONTENT.validate_json(path.read_bytes())
    except FileNotFoundError:
        return {}
    except ValidationError as error:
        raise InputError(
            f"{path}: not readable as the ledger of submissions "
            f"({error.errors()[0]['msg']}); restore it from git or remove it"
        ) from error
