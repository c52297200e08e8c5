"""What of the documentation is made of the README and the code (hooks of mkdocs.yml), and how docstrings are shown there.

`make docs` makes the site. A page of docs/ says `<!-- made: NAME -->` where one of `MADE` belongs: tables of what the code has,
so that they cannot tell anything else.
"""

from __future__ import annotations

import inspect
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import is_dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any, get_type_hints

import click
import griffe
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

import camdigits
from camdigits import cli, errors
from camdigits.cli import settings_file as configured
from camdigits.live.controls import BINDINGS, key_name
from camdigits.outputs.events import HEADER, NumberEventJsonLines
from camdigits.outputs.writers import CSV_HEADER
from camdigits.settings import Settings
from camdigits.tracking.number_events import NumberEvent
from camdigits.vision.types import Box, Digit, Number, Scene

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "images"

PAGES = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
"""Documents beside docs/, and the pages they become."""
EXAMPLES = "examples.md"

ERRORS = sorted(
    (kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.CamdigitsError)),
    key=lambda kind: kind.exit_code,
)

_NAMES = r"[a-z]\w*(?:, [a-z]\w*)*"
_ITEM = re.compile(rf"(?:^|(?<=[.;]\s))(?={_NAMES}: )")
"""Where a docstring begins to say what something is, as in `box: where it is. track: its identity`."""
_RAISES = re.compile(r"(?<=[.;]\s)(?=(?:Raises|Warns) )")
_PUBLIC = re.compile(
    rf"`((?:{'|'.join(camdigits.__all__)})(?:\.\w+)?)`|(?<![`\w])({'|'.join(kind.__name__ for kind in ERRORS)})\b"
)


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages that do not lie in docs/."""
    for document, page in PAGES.items():
        files.append(File.generated(config, page, content=relocated((ROOT / document).read_text(encoding="utf-8"))))
    files.append(File.generated(config, EXAMPLES, content=examples()))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put what is made of the code in its place; the sdist has no pictures, and their captions stand for them."""
    markdown = re.sub(r"<!-- made: (\w+) -->", lambda match: MADE[match[1]](), markdown)
    if not PICTURES.is_dir():
        markdown = re.sub(r"!\[([^\]]*)\]\((?:\.\./)?images/[^)]*\)", r"*\1*", markdown)
    return markdown


def relocated(text: str) -> str:
    """A document of the top folder as a page: its links to other documents lead to theirs."""

    def moved(match: re.Match[str]) -> str:
        target = {**PAGES, "examples/": EXAMPLES}.get(match[1], match[1].removeprefix("docs/"))
        return f"]({target}{match[2]})"

    return re.sub(r"\]\((?!\w+:)([^)#]+)((?:#[^)]*)?)\)", moved, text)


class Prose(griffe.Extension):
    """Shows docstrings as they are written here: what says `name: meaning` as a list, what is public as a link."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        if obj.docstring is not None:
            obj.docstring.value = shown(obj.docstring.value)


def shown(docstring: str) -> str:
    """The Markdown of a docstring; its code stays as it is."""
    return "\n\n".join(
        paragraph if paragraph.startswith("    ") else _paragraph(paragraph) for paragraph in docstring.split("\n\n")
    )


def _paragraph(text: str) -> str:
    paragraph, *raised = _RAISES.split(text, maxsplit=1)
    prose, *items = _ITEM.split(paragraph)
    parts = [_linked(prose)]
    for item in items:
        names, _, meaning = item.partition(": ")
        parts.append(f"- `{'`, `'.join(names.split(', '))}`: {_linked(inspect.cleandoc(meaning))}")
    return "\n\n".join(part.strip() for part in (*parts, *map(_linked, raised)) if part.strip())


def _linked(text: str) -> str:
    def link(match: re.Match[str]) -> str:
        name, error = match.groups()
        return f"[`{name or error}`][camdigits.{'errors.' if error else ''}{name or error}]"

    return _PUBLIC.sub(link, text)


def examples() -> str:
    """The page of the example programs."""
    parts = ["# Examples", "Whole programs, in the folder `examples/`. Each says on top what it does and how it is run."]
    for path in sorted((ROOT / "examples").glob("*.py")):
        parts += [f"## {path.name}", f"```python\n{path.read_text(encoding='utf-8')}```"]
    return "\n\n".join(parts)


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    heads = list(head)
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in (heads, ["---"] * len(heads), *rows))


def errors_table() -> str:
    """Every kind of error with its exit code, and then what each says of itself."""
    rows = [(kind.exit_code, f"[`{kind.__name__}`][{path_of(kind)}]", summary(kind)) for kind in ERRORS]
    return "\n\n".join([table(("exit code", "error", "what it means"), rows), *(f"::: {path_of(kind)}" for kind in ERRORS)])


def settings() -> str:
    """All that `Settings` holds, each kind of value once."""
    return "\n\n".join(f"::: {path_of(kind)}" for kind in dict.fromkeys(_held(Settings)))


def _held(kind: type) -> Iterator[type]:
    yield kind
    for inner in get_type_hints(kind).values() if is_dataclass(kind) else ():
        if is_dataclass(inner) or (isinstance(inner, type) and issubclass(inner, Enum)):
            assert isinstance(inner, type)
            yield from _held(inner)


def path_of(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def documentation(documented: object) -> str:
    """What it says of itself, not what it inherits, without indentation; it must say something."""
    assert documented.__doc__, documented
    return inspect.cleandoc(documented.__doc__)


def summary(documented: object) -> str:
    return documentation(documented).partition("\n\n")[0]


def command_line() -> str:
    """Every command with its options, as `--help` tells them."""
    group = cli.commands
    context = click.Context(group, info_name="camdigits", **group.context_settings)
    parts = [*_command(group, context), _unwrapped(group.epilog or "")]
    for name, command in group.commands.items():
        # What the command wants else does not matter here: no callbacks, nothing that is missing.
        parts += [f"## {name}", *_command(command, command.make_context(name, [], context, resilient_parsing=True))]
    return "\n\n".join(parts)


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    usage = command.get_usage(context).removeprefix("Usage: ")
    yield f"```text\n{usage}\n```"
    yield _linked(inspect.cleandoc(command.help or ""))
    options = (param for param in command.get_params(context) if isinstance(param, click.Option))
    yield table(("option", "default", "what it does"), (_option(option, context) for option in options))


def _option(option: click.Option, context: click.Context) -> tuple[str, str, str]:
    record = option.get_help_record(context)
    assert record
    assert option.help, record
    least = option.get_help_extra(context).get("range", "")
    value = context.params.get(str(option.name))
    if isinstance(value, tuple):  # a size
        value = "x".join(map(str, value))
    default = "" if value in (None, "", False) else f"`{option.opts[0] if value is True else value}`"
    return f"`{record[0]}`", default, f"{option.help}{f' (`{least}`)' if least else ''}"


def settings_file() -> str:
    return documentation(configured)


def keys() -> str:
    return table(
        ("key", "what it does", "where"),
        (
            (" ".join(f"`{key_name(key)}`" for key in binding.keys), binding.help, binding.only.value if binding.only else "")
            for binding in BINDINGS
        ),
    )


_NUMBER = Number("2021", 0.992, Box(24, 40, 180, 60), (0, 1, 2, 3))
_DIGITS = tuple(Digit(int(digit), 0.998, Box(24 + 45 * k, 40, 38, 60), k + 1) for k, digit in enumerate("2021"))


def scene() -> str:
    """What the keys of a line are, and a line."""
    example = Scene(640, 480, _DIGITS, (_NUMBER,), source="page.mp4", frame=5, time_s=0.2)
    return f"{_after_summary(Scene.to_dict)}\n\n{_json(example.to_dict())}"


def events() -> str:
    """The same of a line of `camdigits live`."""
    stream = io.StringIO()
    noon = datetime(2026, 11, 25, 12, tzinfo=UTC)
    NumberEventJsonLines(stream, lambda: noon).write("camera 0", 12.4, NumberEvent("changed", 3, _NUMBER, "202"))
    return f"{_after_summary(NumberEventJsonLines)}\n\n{_json(json.loads(stream.getvalue()))}"


def _after_summary(documented: object) -> str:
    return shown(documentation(documented).partition("\n\n")[2])


def _json(record: Mapping[str, Any]) -> str:
    lines = ",\n".join(f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in record.items())
    return f"```json\n{{\n{lines}\n}}\n```"


def _unwrapped(text: str) -> str:
    """Text that click is told not to wrap, as it stands."""
    return f"```text\n{text.removeprefix(chr(8)).strip()}\n```"


def _header(names: Iterable[str]) -> Callable[[], str]:
    return lambda: f"```text\n{','.join(names)}\n```"


MADE: Mapping[str, Callable[[], str]] = {
    "errors": errors_table,
    "settings": settings,
    "command_line": command_line,
    "settings_file": settings_file,
    "keys": keys,
    "scene": scene,
    "csv_header": _header(CSV_HEADER),
    "events": events,
    "events_header": _header(HEADER),
}
