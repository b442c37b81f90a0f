"""The ledger of what was sent to Kaggle, written before each upload and after each answer.

It is not a DVC output, because DVC deletes outputs before it runs a stage. It holds no credentials
and is meant to be committed. Where it differs from Kaggle's own list, that list is right.
"""

import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from nerveseg.atomic import whole_file
from nerveseg.errors import InputError


class Entry(BaseModel):
    """A file that was sent, or was about to be sent.

    Attributes:
        ref: Kaggle's reference; '' if the process stopped between upload and answer.
        status: 'SENDING', or Kaggle's status.
        public: public score; None until it is known.
        private: private score; None until it is known.
        words: why Kaggle could not score it.
        message: the description that it was submitted with.
        date: when Kaggle received it, UTC.
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
    """Entries by the SHA-256 of the file, for one account in one competition on one service.

    Entries of earlier versions, which did not know the account, are kept but not read: Kaggle's
    list shows which of them belong to the account.
    """

    def __init__(self, path: Path, service: str, slug: str, account: str) -> None:
        """Read the ledger at `path`, which need not exist yet.

        Args:
            path: the file.
            service: 'kaggle', or 'localhost' for a stand-in, whose scores are kept apart.
            slug: the competition.
            account: who submits; another account's references may be the same.

        Raises:
            InputError: the file is not a ledger.
        """
        self._path = path
        self._key = f"{service}/{slug}/{account}"
        self._content = _read(path)
        self.entries = self._content.setdefault(self._key, {})

    def write(self, sha256: str, entry: Entry) -> None:
        """Store `entry`; it is on disk when this returns."""
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
