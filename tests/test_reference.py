"""The documentation builds without a warning, leaves out nothing that is public, and loads nothing from elsewhere."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import click
import pytest

import camdigits
from camdigits import errors
from camdigits.cli import commands
from camdigits.live.controls import BINDINGS, key_name
from camdigits.outputs.events import HEADER
from camdigits.outputs.writers import CSV_HEADER
from camdigits.vision.types import Scene

ROOT = Path(__file__).resolve().parent.parent
OWN = {"of", "placed", "read_frame"}
"""Members that are the package's own, though other modules of it use them."""


class Page(HTMLParser):
    """What a page says, where one can go to in it, and what it links to and loads."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.html = path.read_text(encoding="utf-8")
        self.text = shown(self.html)
        self.ids: set[str] = set()
        self.linked: set[str] = set()
        self.loaded: list[str] = []
        self.feed(self.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.ids.add(values.get("id", ""))
        if tag == "a":
            self.linked.add(values.get("href", ""))
        elif tag == "link":
            self.loaded.append(values["href"])
        self.loaded += [values[name] for name in ("src", "srcset", "data", "poster") if name in values]

    def rows(self, section: str = "") -> list[list[str]]:
        """The cells of its tables, or of those under the heading of that id."""
        there = self.html.partition(f'<h2 id="{section}">')[2].partition("<h2")[0] if section else self.html
        return [
            [shown(cell) for cell in re.findall(r"<t[dh]>(.*?)</t[dh]>", row, re.DOTALL)]
            for row in re.findall(r"<tr>(.*?)</tr>", there, re.DOTALL)
        ]

    def items(self, name: str = "") -> set[str]:
        """What its lists, or those right below the heading of that public name, say something of: it, as in `it: meaning`."""
        there = re.split("<h[23] ", self.html.partition(f'id="{name}"')[2])[0] if name else self.html
        found = re.findall(r"<li>\s*(?:<p>)?((?:<code>\w+</code>(?:, )?)+):", there)
        return set(re.findall(r"<code>(\w+)</code>", "".join(found)))


def shown(html: str) -> str:
    """What a reader sees of a piece of a page, on one line."""
    return " ".join(unescape(re.sub("<[^>]*>", "", html)).split())


def plain_text(text: str) -> str:
    """The same of Markdown."""
    return " ".join(text.replace("`", "").split())


def summary(documented: object) -> str:
    """The first paragraph of what it says of itself, not of what it inherits."""
    return plain_text(inspect.cleandoc(documented.__doc__ or "").partition("\n\n")[0])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built once; whatever mkdocs, its theme or its plugins warn of is an error."""
    for module in ("mkdocs", "material", "mkdocstrings"):
        pytest.importorskip(module, reason=f"{module} is not here: it is in the extra docs")
    out = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(out)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stdout + done.stderr
    return out


@pytest.fixture(scope="module")
def python(site: Path) -> Page:
    return Page(site / "reference" / "python.html")


@pytest.mark.parametrize("name", camdigits.__all__)
def test_every_public_name_is_there_with_what_it_says_of_itself(python: Page, name: str) -> None:
    documented = getattr(camdigits, name)
    assert summary(documented)
    assert f"camdigits.{name}" in python.ids
    assert summary(documented) in python.text
    assert set(inspect.signature(documented).parameters) <= python.items(f"camdigits.{name}")


def test_so_is_every_member_of_the_public_classes(python: Page) -> None:
    for kind in (getattr(camdigits, name) for name in camdigits.__all__):
        members = inspect.getmembers(kind, lambda member: inspect.isroutine(member) or isinstance(member, property))
        for name, member in members:
            function = member.fget if isinstance(member, property) else member
            if (
                name.startswith("_")
                or name in OWN
                or not (getattr(function, "__module__", None) or "").startswith("camdigits.")
            ):
                continue
            assert f"camdigits.{kind.__name__}.{name}" in python.ids, name
            assert summary(member), name
            assert summary(member) in python.text, name


def test_code_in_docstrings_is_code(python: Page) -> None:
    blocks = [shown(block) for block in re.findall(r"<pre>(.*?)</pre>", python.html, re.DOTALL)]
    assert 'scene = Recognizer().recognize("page.jpg")' in blocks


def test_every_command_and_option_is_there_with_its_default_and_help(site: Path) -> None:
    page = Page(site / "reference" / "command_line.html")
    context = click.Context(commands, info_name="camdigits", **commands.context_settings)
    for name, command in commands.commands.items():
        assert plain_text((command.help or "").partition("\n\n")[0]) in page.text
        rows = {row[0]: row for row in page.rows(name)}
        inner = command.make_context(name, [], context, resilient_parsing=True)
        for option in command.get_params(inner):
            if not isinstance(option, click.Option) or "--help" in option.opts:  # click says that of each command
                continue
            record = option.get_help_record(inner)
            assert record
            _, default, meaning = rows[record[0]]
            assert option.help
            assert meaning.startswith(plain_text(option.help))
            value = option.get_default(inner)
            if isinstance(value, str | int | float) and not isinstance(value, bool):
                assert default == str(value)


def test_every_error_is_there_with_its_exit_code(site: Path) -> None:
    page = Page(site / "reference" / "errors.html")
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.CamdigitsError)]
    assert len(kinds) > 1
    for kind in kinds:
        assert [str(kind.exit_code), kind.__name__, summary(kind)] in page.rows()
        assert f"camdigits.errors.{kind.__name__}" in page.ids


def test_every_key_of_the_windows_is_there(site: Path) -> None:
    rows = Page(site / "reference" / "keys.html").rows()
    for binding in BINDINGS:
        assert [" ".join(map(key_name, binding.keys)), binding.help, binding.only.value if binding.only else ""] in rows


def test_every_key_of_the_formats_is_there(site: Path) -> None:
    page = Page(site / "reference" / "formats.html")
    assert set(Scene(1, 1).to_dict()) | (set(HEADER) - {"x", "y", "width", "height"}) | {"box"} <= page.items()
    assert ",".join(CSV_HEADER) in page.text
    assert ",".join(HEADER) in page.text


def test_every_document_is_a_page_that_the_first_one_leads_to(site: Path) -> None:
    linked = Page(site / "index.html").linked
    documents = [path.relative_to(ROOT / "docs").with_suffix(".html").as_posix() for path in (ROOT / "docs").rglob("*.md")]
    assert "accuracy.html" in documents
    for page in (*documents, "contributing.html", "changelog.html", "examples.html"):
        assert (site / page).is_file()
        assert page in linked
    assert "The live window" in Page(site / "index.html").text


def test_modules_beside_the_documents_are_no_part_of_it(site: Path) -> None:
    assert not [*site.rglob("*.py"), *site.rglob("*.pyc")]


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 10
    for path in pages:
        loaded = Page(path).loaded
        assert loaded
        assert not [place for place in loaded if re.match(r"(\w+:)?//", place)], path
    for sheet in site.rglob("*.css"):
        assert not re.findall(r"(?:@import|url\()\s*[\"']?(?:https?:)?//[^)]*", sheet.read_text(encoding="utf-8")), sheet
