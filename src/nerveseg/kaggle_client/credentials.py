"""Finding the credentials that the `kaggle` client uses, and removing them from all output."""

import base64
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from nerveseg.errors import InputError
from nerveseg.json_reader import parse_json

TOKEN_PAGE: Final = "https://www.kaggle.com/settings/api"
VARIABLES: Final = ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY")


class Credential(NamedTuple):
    """One set of credentials: `source` may be shown, `secrets` never."""

    source: str
    secrets: tuple[str, ...]


def find() -> list[Credential]:
    """Return the credentials that the client would find, in the order in which it looks."""
    return [*_tokens(), *_keys(), *_logins()]


def require() -> list[Credential]:
    """Return the credentials found.

    Raises:
        InputError: there are none, and the message says how to create a token and where to put it;
            or the first, which the client would use, cannot be sent.
    """
    found = find()
    if not found:
        raise InputError(
            f"Kaggle: no credentials found; make a token at {TOKEN_PAGE} and save it as "
            "~/.kaggle/access_token, or set KAGGLE_API_TOKEN"
        )
    if _unsendable(found[0]):
        raise InputError(
            f"Kaggle: the token or key in {found[0].source} contains a blank, a line break or "
            f"another character that no token has; copy it again from {TOKEN_PAGE}"
        )
    return found


def environment() -> dict[str, str]:
    """Return this process's environment, without blanks around Kaggle's variables.

    `export KAGGLE_API_TOKEN="$(cat token; echo)"` leaves a line break that no header may contain.
    """
    return {
        name: value.strip() if name in VARIABLES else value for name, value in os.environ.items()
    }


def scrub(text: str, credentials: Iterable[Credential]) -> str:
    """Return `text` without secrets, authorization headers and URL queries.

    The query of a signed URL holds its signature, and the client's tracebacks can contain a
    whole header.
    """
    secrets = {secret for credential in credentials for secret in credential.secrets if secret}
    for secret in sorted(secrets, key=len, reverse=True):  # a token may contain another
        text = text.replace(secret, "***")
    text = re.sub(r"(?i)\b(bearer|basic)\s+[^\s'\"]+", r"\1 ***", text)
    return re.sub(r"(https?://[^\s?'\"]+|\s/[^\s?'\"]*)\?[^\s'\"]*", r"\1?***", text)


def _tokens() -> Iterator[Credential]:
    value = os.environ.get("KAGGLE_API_TOKEN", "").strip()
    if value:
        # The client treats the value as a path if such a file exists.
        content = _text(Path(value))
        yield Credential("KAGGLE_API_TOKEN", (content, value) if content else (value,))
    for name in ("access_token", "access_token.txt"):
        path = Path("~/.kaggle").expanduser() / name
        if token := _text(path):
            yield Credential(str(path), (token,))


def _keys() -> Iterator[Credential]:
    user, key = (os.environ.get(f"KAGGLE_{name}", "").strip() for name in ("USERNAME", "KEY"))
    if user and key:
        yield Credential("KAGGLE_USERNAME and KAGGLE_KEY", _key_secrets(user, key))
    for folder in _config_folders():
        content = _mapping(folder / "kaggle.json")
        user, key = content.get("username", ""), content.get("key", "")
        if user and key:
            yield Credential(str(folder / "kaggle.json"), _key_secrets(user, key))


def _logins() -> Iterator[Credential]:
    path = Path("~/.kaggle/credentials.json").expanduser()
    content = _mapping(path)
    if refresh := content.get("refresh_token"):
        yield Credential(str(path), (refresh, content.get("access_token", "")))


def _unsendable(credential: Credential) -> bool:
    return not re.fullmatch(r"[!-~]+", credential.secrets[0])


def _config_folders() -> list[Path]:
    config = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    names = [os.environ.get("KAGGLE_CONFIG_DIR", ""), "~/.kaggle", f"{config}/kaggle"]
    return list(dict.fromkeys(Path(name).expanduser() for name in names if name))


def _key_secrets(user: str, key: str) -> tuple[str, ...]:
    return key, base64.b64encode(f"{user}:{key}".encode()).decode()


def _mapping(path: Path) -> dict[str, str]:
    try:
        content = parse_json(_text(path) or "{}")
    except ValueError:
        return {}
    if not isinstance(content, dict):
        return {}
    return {str(key): str(value) for key, value in content.items()}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):  # also raised if a token is too long for a file name
        return ""
