"""Logs which parameters a stage reads and which modules of the library it loads.

Copied to the project's src folder as `sitecustomize`, it is imported before each stage. Every line
of the file named by NERVESEG_READS is `STAGE KEY`, where the key `*` means all of params.yaml, or
`STAGE module:NAME`.
"""

import atexit
import os
import sys
from pathlib import Path

from nerveseg.params import section
from nerveseg.params.section import Section
from nerveseg.params.train import ModelsParams

KEYS: dict[int, str] = {}  # a section's id -> its dotted key
ALIVE: list[Section] = []  # kept alive, so that no id is reused


def log(key: str) -> None:
    script = Path(sys.argv[0])
    if script.parent.name == "stages":
        name = "@".join([script.stem, *sys.argv[1:]])
        with Path(os.environ["NERVESEG_READS"]).open("a") as file:
            file.write(f"{name} {key}\n")


def log_modules() -> None:
    for name in list(sys.modules):
        if name.startswith("nerveseg."):
            log(f"module:{name}")


def leaf(owner: Section, name: str, value: object) -> None:
    if id(owner) in KEYS:
        key = f"{KEYS[id(owner)]}.{name}"
        if isinstance(value, Section):
            KEYS[id(value)] = key
        else:
            log(key)


def traced_read(name, kind, *rest):  # type: ignore[no-untyped-def]
    section.read_document = original_document  # it wants this section only
    try:
        found = original_read(name, kind, *rest)
    finally:
        section.read_document = traced_document
    KEYS[id(found)] = name
    ALIVE.append(found)
    return found


def traced_attribute(self, name):  # type: ignore[no-untyped-def]
    value = object.__getattribute__(self, name)
    if name in type(self).model_fields:
        leaf(self, name, value)
    return value


def traced_dump(self, **options):  # type: ignore[no-untyped-def]
    for name in type(self).model_fields:
        leaf(self, name, None)
    return original_dump(self, **options)


def traced_run(self, name):  # type: ignore[no-untyped-def]
    log(f"models.{name}")
    return original_run(self, name)


def traced_runs(self):  # type: ignore[no-untyped-def]
    log("models")
    return {name: original_run(self, name) for name in self.names()}


def traced_document(path):  # type: ignore[no-untyped-def]
    log("*")
    return original_document(path)


def traced_text(self, *rest, **options):  # type: ignore[no-untyped-def]
    if self.name == "params.yaml":
        log("*")
    return original_text(self, *rest, **options)


original_read, section.read = section.read, traced_read
original_document, section.read_document = section.read_document, traced_document
original_dump, Section.model_dump = Section.model_dump, traced_dump  # type: ignore[method-assign]
original_run, ModelsParams.run = ModelsParams.run, traced_run  # type: ignore[method-assign]
ModelsParams.runs = traced_runs  # type: ignore[method-assign]
original_text, Path.read_text = Path.read_text, traced_text  # type: ignore[method-assign]
Section.__getattribute__ = traced_attribute  # type: ignore[method-assign]
atexit.register(log_modules)
