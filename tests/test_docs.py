"""The documentation: its links lead somewhere, the files it names exist, and its site builds."""

import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LIBRARY = ROOT / "src/nerveseg"
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "benchmarks/README.md"]
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]


def without_code(text: str) -> str:
    return re.sub(r"^```.*?^```|`[^`\n]*`", "", text, flags=re.DOTALL | re.MULTILINE)


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", each).lower().replace(" ", "-") for each in headings}


def broken_links(page: Path) -> Iterator[str]:
    for link in re.findall(r"\]\(([^)\s]+)\)", without_code(page.read_text())):
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        if re.match(r"[a-z]+:", link):
            continue
        if not target.exists() or (anchor and anchor not in anchors(target.read_text())):
            yield link


def files_named(text: str) -> Iterator[str]:
    """Yield the Python files, and folders with code, that a page names in `code`."""
    for name in re.findall(r"`((?:[\w.-]+/)*[\w.-]+\.py|(?:[\w-]+/)+)`", text):
        if "NAME" not in name:
            yield name


@pytest.mark.parametrize("name", NAMES)
def test_every_relative_link_leads_somewhere(name: str) -> None:
    assert list(broken_links(ROOT / name)) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A b\n[a](#a-b) [b](#c) [c](page.md) [d](gone.md) [e](https://x.org) `[f](g)`"
    )
    assert list(broken_links(page)) == ["#c", "gone.md"]


def test_every_file_of_the_map_and_the_recipes_is_there() -> None:
    text = (ROOT / "README.md").read_text()
    text = text[text.index("## Where does X happen?") : text.index("## Reference")]
    named = set(files_named(text))
    assert len(named) > 20
    ignored = {"site/"}
    assert [
        name
        for name in sorted(named - ignored)
        if not (ROOT / name).exists() and not (LIBRARY / name).exists()
    ] == []


def test_every_module_of_the_reference_is_there() -> None:
    text = "".join(page.read_text() for page in ROOT.glob("docs/api/*.md"))
    named = re.findall(r"^::: nerveseg\.([\w.]+)$", text, re.MULTILINE)
    assert len(named) > 10
    for name in named:
        path = LIBRARY.joinpath(*name.split("."))
        modules = (path.with_suffix(".py"), path.parent.with_suffix(".py"))
        assert any(module.exists() for module in modules), name


def test_every_page_is_in_the_site_s_navigation() -> None:
    text = (ROOT / "mkdocs.yml").read_text()
    pages = {str(page.relative_to(ROOT / "docs")) for page in ROOT.glob("docs/**/*.md")}
    assert set(re.findall(r": ([\w/-]+\.md)$", text, re.MULTILINE)) == pages


def test_every_test_that_the_page_of_faults_names_is_there() -> None:
    text = (ROOT / "docs/robustness.md").read_text()
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text)
    assert len(named) > 30
    assert [pair for pair in named if f"def {pair[1]}(" not in (ROOT / pair[0]).read_text()] == []
    # Every row of a table with a column `test` names one.
    rows = [row for row in text.splitlines() if row.startswith("| ")]
    tables = [row for row in rows if row.count("|") == 4 and not row.startswith("| what")]
    assert all("`tests/" in row or "`nerveseg." in row for row in tables)


def test_the_limits_that_the_page_of_faults_names_are_there() -> None:
    text = (ROOT / "docs/robustness.md").read_text()
    for module, name in re.findall(r"`(nerveseg[\w.]+)\.([A-Z_]+)`", text):
        assert isinstance(getattr(import_module(module), name), int)


@pytest.mark.slow
def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "site/api/index.html").read_text()
    assert 'id="nerveseg.models.factory.build"' in page
