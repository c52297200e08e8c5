"""A settings file sets options by the names of their flags, for all commands or, in a table, for one command.

    threshold = 0.6
    model = "classic"

    [read]
    format = "jsonl"

The command line wins over the table of the command, the table over the rest of the file, and the file over the default.
"""

from __future__ import annotations

import difflib
import json
import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import click

from camdigits.errors import UsageError, reason_of
from camdigits.runtime.places import settings_path
from camdigits.runtime.process import notify

CONFIG = "config"
"""The name of the option that names another settings file. It is no setting itself."""


class Setting(NamedTuple):
    """The value of an option of a command, and its origin: "default" or the path of a file."""

    command: str
    name: str
    value: Any
    origin: str


def option_name(option: click.Option) -> str:
    """Return the name of an option, as it is written after `--` and in a settings file."""
    return max(option.opts, key=len).lstrip("-")


def configurable(command: click.Command) -> Mapping[str, click.Option]:
    """Return the options of a command that a settings file can set, by name; none if the command reads no settings file."""
    if not any(param.callback is use_settings for param in command.params):
        return {}
    options = (param for param in command.params if isinstance(param, click.Option) and param.name != CONFIG)
    return {option_name(option): option for option in options}


def use_settings(context: click.Context, _: click.Parameter, path: Path | None) -> None:
    """Set the defaults of the command of `context` from a settings file. This is the callback of an eager option.

    path: the settings file; None for the one of this platform.

    Raises UsageError for a file that cannot be used.
    """
    group = context.find_root().command
    assert isinstance(group, click.Group)
    values = _values(path, group)
    command = context.command
    origin, given = _origin(path), _of_command(values, command)
    known = configurable(command)
    context.default_map = {option.name: _as_given(given[name]) for name, option in known.items() if name in given}
    for name, value in given.items():
        _check(command, name, value, origin)


def settings_in_force(group: click.Group, path: Path | None) -> Iterator[Setting]:
    """Yield every option of every command, with its value if the command line does not set it, and its origin.

    path: the settings file; None for the one of this platform.

    Raises UsageError for a file that cannot be used.
    """
    values = _values(path, group)
    for command in group.commands.values():
        given = _of_command(values, command)
        # Only the defaults matter here: run no callbacks, and require no arguments.
        defaults = command.make_context(command.name, [], resilient_parsing=True).params
        for name, option in configurable(command).items():
            if name in given:
                _check(command, name, given[name], _origin(path))
                yield Setting(str(command.name), name, given[name], _origin(path))
            else:
                yield Setting(str(command.name), name, defaults[str(option.name)], "default")


def _origin(path: Path | None) -> str:
    return str(path or settings_path())


def _values(path: Path | None, group: click.Group) -> Mapping[str, Any]:
    """Return the values of the settings file, by name; empty if none was named and that of this platform cannot be read."""
    where = path or settings_path()
    try:
        values = tomllib.loads(where.read_text(encoding="utf-8-sig"))  # Windows' editors put a byte order mark first
    except FileNotFoundError:
        if path is None:
            return {}
        raise UsageError(f"{where}: there is no such settings file; leave --{CONFIG} out, or write one") from None
    except OSError as error:
        reason = reason_of(error)
        if path is not None:
            raise UsageError(f"{where}: cannot be read ({reason}); name another file by --{CONFIG}") from error
        if not isinstance(error, NotADirectoryError):  # the home folder of a service may be /dev/null
            notify(f"{where}: cannot be read ({reason}), and sets nothing; name another file by --{CONFIG}")
        return {}
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        reason = str(error).splitlines()[0] if isinstance(error, tomllib.TOMLDecodeError) else "no text of that layout"
        raise UsageError(f"{where}: is not TOML ({reason}); write lines like: threshold = 0.6") from error
    _check_names(values, group, where)
    return values


def _check_names(values: Mapping[str, Any], group: click.Group, where: Path) -> None:
    everywhere = [name for command in group.commands.values() for name in configurable(command)]
    tables = [name for name, command in group.commands.items() if configurable(command)]
    for name, value in values.items():
        if not isinstance(value, dict):
            if name not in everywhere:
                raise _unknown(where, name, everywhere)
        elif name not in tables:
            raise _unknown(where, f"[{name}]", [f"[{table}]" for table in tables])
        else:
            known = configurable(group.commands[name])
            for within in value:
                if within not in known:
                    raise _unknown(where, f"{within} of [{name}]", [f"{each} of [{name}]" for each in known])


def _unknown(where: Path, name: str, known: Iterable[str]) -> UsageError:
    (nearest, *_) = difflib.get_close_matches(name, dict.fromkeys(known), n=1, cutoff=0.0)
    return UsageError(f"{where}: there is no setting {name}; the nearest is {nearest}")


def _of_command(values: Mapping[str, Any], command: click.Command) -> Mapping[str, Any]:
    known = configurable(command)
    for_all = {name: value for name, value in values.items() if name in known and not isinstance(value, dict)}
    return {**for_all, **values.get(str(command.name), {})}


def _check(command: click.Command, name: str, value: Any, origin: str) -> None:
    """Check a value as the command line would. Raises UsageError."""
    option = configurable(command)[name]
    is_value = isinstance(value, bool | int | float | str) and "\0" not in str(value)  # no path or name can hold a zero byte
    if option.is_flag != isinstance(value, bool) or not is_value:
        wanted = "true or false" if option.is_flag else "one number or text"
        raise UsageError(f"{origin}: {name} is {wanted}, not {_toml(value)}")
    try:
        option.type_cast_value(click.Context(command), _as_given(value))
    except click.BadParameter as error:
        raise UsageError(f"{origin}: {name}: {error.message.rstrip('.')}") from error


def _as_given(value: Any) -> Any:
    """Return a value as the command line gives it: numbers as text. Else click cuts 2.7 to 2, or takes 1 for an open file."""
    return value if isinstance(value, bool) else str(value)


def settings_document(settings: Iterable[Setting], path: Path | None) -> Iterator[str]:
    """Yield the lines of a settings file that sets what is in force, each with its origin. An unset option is a comment.

    Options that several commands share with the same value come first, once. All others follow in the table of their command.
    """
    every = list(settings)
    where = path or settings_path()
    there = os.path.exists(where)  # noqa: PTH110 - Path.exists raises where it may not look
    yield f"# {where}{'' if there else ' (not there)'}"
    by_name: dict[str, list[Setting]] = {}
    for setting in every:
        by_name.setdefault(setting.name, []).append(setting)
    shared = {
        name for name, group in by_name.items() if len(group) > 1 and all(setting[2:] == group[0][2:] for setting in group)
    }
    yield from (_line(by_name[name][0]) for name in by_name if name in shared)
    for command in dict.fromkeys(setting.command for setting in every):
        own = [setting for setting in every if setting.command == command and setting.name not in shared]
        if own:
            yield ""
            yield f"[{command}]"
            yield from map(_line, own)


def _line(setting: Setting) -> str:
    if setting.value is None or setting.value == "":
        return f"# {setting.name} is not set"
    return f"{setting.name} = {_toml(setting.value)}  # {setting.origin}"


def _toml(value: Any) -> str:
    """Write a value as TOML."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, tuple):  # a size
        value = "x".join(map(str, value))
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")  # TOML also escapes this character
