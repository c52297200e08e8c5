"""The table of keys is the one truth: dispatch, the help card and the view agree with it."""

from __future__ import annotations

import pytest

from camdigits.live.controls import BINDINGS, PAGE_COMMANDS, Command, Mode, View, after, commands, key_name, keys_name
from camdigits.live.overlay import help_rows
from camdigits.vision.orientation import Rotation


def test_no_key_means_two_things() -> None:
    keys = [key for binding in BINDINGS for key in binding.keys]
    assert len(keys) == len(set(keys))


def test_every_command_has_a_key() -> None:
    assert {binding.command for binding in BINDINGS} == set(Command)


@pytest.mark.parametrize("mode", Mode)
def test_dispatch_and_the_help_card_follow_the_table(mode: Mode) -> None:
    meant = [binding for binding in BINDINGS if binding.only in (None, mode)]
    for binding in BINDINGS:
        for key in binding.keys:
            assert commands([key], mode) == ((binding.command,) if binding in meant else ())
    assert [text for _, text in help_rows(mode)] == [binding.help for binding in meant]
    assert [keys for keys, _ in help_rows(mode)] == [keys_name(binding.keys) for binding in meant]


def test_every_key_can_be_found_in_what_is_written_of_it() -> None:
    for binding in BINDINGS:
        written = keys_name(binding.keys)
        assert written == "0 to 9" or written.split() == [key_name(key) for key in binding.keys]


def test_keys_without_meaning_are_passed_over() -> None:
    assert commands(("z", "q", "%"), Mode.CAMERA) == (Command.QUIT,)


@pytest.mark.parametrize(
    "command", [Command.HOLD, Command.HELP, Command.INSPECT, Command.PANEL, Command.FULL_SCREEN, Command.MIRROR]
)
def test_a_switch_thrown_twice_is_back(command: Command) -> None:
    assert after(View(), command) != View()
    assert after(after(View(), command), command) == View()


def test_turning_goes_once_around() -> None:
    views = [View()]
    for _ in Rotation:
        views.append(after(views[-1], Command.ROTATE))
    assert [view.rotation for view in views] == [*Rotation, Rotation.AUTO]


def test_another_mode_is_never_held() -> None:
    view = after(View(held=True), Command.TOGGLE_MODE)
    assert (view.mode, view.held) == (Mode.CANVAS, False)


@pytest.mark.parametrize("command", sorted(PAGE_COMMANDS, key=str))
def test_what_changes_the_page_ends_a_hold(command: Command) -> None:
    assert not after(View(mode=Mode.CANVAS, held=True), command).held


def test_the_page_obeys_what_is_for_the_canvas_and_no_more() -> None:
    assert {Command.CLEAR, Command.UNDO, Command.REDO, Command.ERASER, Command.PAGE_COLOUR, Command.SAVE_PAGE} < PAGE_COMMANDS
    assert not PAGE_COMMANDS & {Command.SNAPSHOT, Command.HELP, Command.ROTATE}


def test_clearing_leaves_a_held_camera_frame_held() -> None:
    assert after(View(held=True), Command.CLEAR).held
