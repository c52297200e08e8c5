"""Keys and what they do: one table for dispatch, the help card and the README; pure.

`BINDINGS` is that table. `after(view, command)` is what a command does to the view. Commands that touch the page, the disk or
what was read (clear, undo, the brush, the paper, saving, next camera, pages, corrections, letting go) leave the view as it is.
The owners of those things carry them out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import NamedTuple

from camdigits.vision.orientation import Rotation


class Command(Enum):
    TOGGLE_MODE = "toggle_mode"
    CLEAR = "clear"
    HOLD = "hold"
    HELP = "help"
    INSPECT = "inspect"
    SNAPSHOT = "snapshot"
    FULL_SCREEN = "full_screen"
    MIRROR = "mirror"
    ROTATE = "rotate"
    RECORD = "record"
    COPY = "copy"
    NEXT_CAMERA = "next_camera"
    NEXT_PICTURE = "next_picture"
    NEXT_PAGE = "next_page"
    PREVIOUS_PAGE = "previous_page"
    AUTOMATIC = "automatic"
    PLAY_AGAIN = "play_again"
    PANEL = "panel"
    WHOLE_PICTURE = "whole_picture"
    IS_A = "is_a"
    IS_NONE = "is_none"
    TEACH = "teach"
    UNTEACH = "unteach"
    UNDO = "undo"
    REDO = "redo"
    THINNER = "thinner"
    THICKER = "thicker"
    ERASER = "eraser"
    PAGE_COLOUR = "page_colour"
    SAVE_PAGE = "save_page"
    LET_GO = "let_go"
    QUIT = "quit"


class Mode(Enum):
    CAMERA = "camera"
    CANVAS = "canvas"


class Binding(NamedTuple):
    """Keys (as in `UserInput.keys`), their command, and one line of help.

    only: the mode in which the keys work; None for both.
    """

    keys: tuple[str, ...]
    command: Command
    help: str
    only: Mode | None = None


BINDINGS: tuple[Binding, ...] = (
    Binding(("m",), Command.TOGGLE_MODE, "camera or canvas"),
    Binding(("n",), Command.NEXT_CAMERA, "next camera", Mode.CAMERA),
    Binding(("enter",), Command.NEXT_PICTURE, "next picture, where pictures are corrected one by one", Mode.CAMERA),
    Binding(("right",), Command.NEXT_PAGE, "next picture of a folder, next page of a file", Mode.CAMERA),
    Binding(("left",), Command.PREVIOUS_PAGE, "the picture or page before", Mode.CAMERA),
    Binding(("a",), Command.AUTOMATIC, "go on to the next picture by itself, stop that", Mode.CAMERA),
    Binding(("b",), Command.PLAY_AGAIN, "play a clip again from its beginning", Mode.CAMERA),
    Binding(("c",), Command.CLEAR, "clear: wipe the page, forget what the camera saw"),
    Binding((" ",), Command.HOLD, "hold the frame, go on"),
    Binding(("h", "?"), Command.HELP, "show or hide the keys"),
    Binding(("i",), Command.INSPECT, "show what the network sees"),
    Binding(("tab",), Command.PANEL, "the last numbers read, newest first"),
    Binding(tuple("0123456789"), Command.IS_A, "what the clicked digit is, or the box dragged on a held frame"),
    Binding(("-",), Command.IS_NONE, "the clicked digit is none"),
    Binding(("t",), Command.TEACH, "learn from all corrections"),
    Binding(("l",), Command.UNTEACH, "back to before the last learning; once more: to before any"),
    Binding(("backspace",), Command.WHOLE_PICTURE, "read the whole picture again, not the dragged part", Mode.CAMERA),
    Binding(("s",), Command.SNAPSHOT, "save a snapshot: the picture, and what was read as JSON beside it"),
    Binding(("r",), Command.RECORD, "record, stop recording"),
    Binding(("k",), Command.COPY, "copy the clicked number, or the last one, to the clipboard"),
    Binding(("f",), Command.FULL_SCREEN, "full screen"),
    Binding(("x",), Command.MIRROR, "mirror the display", Mode.CAMERA),
    Binding(("o",), Command.ROTATE, "turn the page that is read: auto, 0, 90, 180, 270 degrees", Mode.CAMERA),
    Binding(("u",), Command.UNDO, "undo a stroke or a wipe", Mode.CANVAS),
    Binding(("y",), Command.REDO, "do again what was undone", Mode.CANVAS),
    Binding(("e",), Command.ERASER, "eraser, pen again", Mode.CANVAS),
    Binding(("[",), Command.THINNER, "thinner brush", Mode.CANVAS),
    Binding(("]",), Command.THICKER, "thicker brush", Mode.CANVAS),
    Binding(("p",), Command.PAGE_COLOUR, "page: white, blackboard, yellow, squared", Mode.CANVAS),
    Binding(("w",), Command.SAVE_PAGE, "save the page and its strokes", Mode.CANVAS),
    Binding(("esc",), Command.LET_GO, "let go of what was clicked, then of the held frame; then quit"),
    Binding(("q",), Command.QUIT, "quit"),
)
"""All keys, in the order of the help card."""

PAGE_COMMANDS = frozenset({Command.CLEAR, *(binding.command for binding in BINDINGS if binding.only is Mode.CANVAS)})
"""The commands that the page of the canvas carries out."""

_COMMANDS = {key: binding for binding in BINDINGS for key in binding.keys}
"""The binding of each key."""
_KEY_NAMES = {
    " ": "space",
    "esc": "Esc",
    "tab": "Tab",
    "enter": "Enter",
    "backspace": "Backspace",
    "left": "Left",
    "right": "Right",
}
"""Names of keys that are not written as their character."""


@dataclass(frozen=True)
class View:
    """How the window shows things now."""

    mode: Mode = Mode.CAMERA
    held: bool = False
    help: bool = False
    inspect: bool = False
    panel: bool = False
    full_screen: bool = False
    mirrored: bool = False
    automatic: bool = False
    rotation: Rotation = Rotation.AUTO
    quitting: bool = False


def commands(keys: Iterable[str], mode: Mode) -> tuple[Command, ...]:
    """Return the commands of `keys` in `mode`, in order; keys without a meaning there are skipped."""
    found = (_COMMANDS.get(key) for key in keys)
    return tuple(binding.command for binding in found if binding is not None and binding.only in (None, mode))


def key_name(key: str) -> str:
    """Return the name of a key as it is written for people."""
    return _KEY_NAMES.get(key, key)


def command_key(command: Command) -> str:
    """Return the name of the first key of a command."""
    return next(key_name(binding.keys[0]) for binding in BINDINGS if binding.command is command)


def keys_name(keys: Sequence[str]) -> str:
    """Return the names of the keys of a binding."""
    return "0 to 9" if "".join(keys) == "0123456789" else " ".join(map(key_name, keys))


def after(view: View, command: Command) -> View:
    """Return the view after a command."""
    match command:
        case Command.TOGGLE_MODE:
            other = Mode.CANVAS if view.mode is Mode.CAMERA else Mode.CAMERA
            return replace(view, mode=other, held=False)
        case Command.HOLD:
            return replace(view, held=not view.held)
        case Command.HELP:
            return replace(view, help=not view.help)
        case Command.INSPECT:
            return replace(view, inspect=not view.inspect)
        case Command.PANEL:
            return replace(view, panel=not view.panel)
        case Command.FULL_SCREEN:
            return replace(view, full_screen=not view.full_screen)
        case Command.MIRROR:
            return replace(view, mirrored=not view.mirrored)
        case Command.AUTOMATIC:
            return replace(view, automatic=not view.automatic)
        case Command.ROTATE:
            turns = list(Rotation)
            return replace(view, rotation=turns[(turns.index(view.rotation) + 1) % len(turns)])
        case Command.QUIT:
            return replace(view, quitting=True)
        case _ if command in PAGE_COMMANDS and view.mode is Mode.CANVAS:
            # The user must see at once what these change, so they end a hold.
            return replace(view, held=False)
        case _:
            return view
