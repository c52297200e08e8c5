"""Interaction: carries out what the user does with keys and the mouse."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from camdigits.errors import SourceError
from camdigits.live import pointer
from camdigits.live.controls import Command, Mode, View, after, command_key, commands
from camdigits.live.corrections import Corrections
from camdigits.live.feed import Feed
from camdigits.live.feeds import Feeds
from camdigits.live.notices import NOTICE_S, Failures, Notices
from camdigits.live.overlay import locate
from camdigits.live.ports import Notebook, Outputs, Window
from camdigits.live.recording import Recording
from camdigits.live.screen import Screen
from camdigits.live.selection import Selection, digit_at
from camdigits.sources.ports import Pointer, UserInput
from camdigits.vision.orientation import Rotation
from camdigits.vision.types import Box

_TYPE_IT = f"type what it is: 0 to 9, or {command_key(Command.IS_NONE)} if it is no digit"
"""Notice once a digit or a place is selected."""
_ONLY_A_PART = f"only this part is read, until {command_key(Command.WHOLE_PICTURE)} is pressed"
"""Notice once the user has dragged a box round the part to read."""


class Interaction:
    """The view and the selection in it; carries out what the user does."""

    def __init__(
        self,
        view: View,
        feeds: Feeds,
        screen: Screen,
        window: Window,
        outputs: Outputs,
        recording: Recording,
        notebook: Notebook | None,
        notices: Notices,
        failures: Failures,
    ) -> None:
        self.view = view
        self._begins_held = view.held
        self._was_asked = False
        self.selection = Selection()
        self.corrections = Corrections(self.selection, notebook, notices, failures)
        self._gesture: pointer.Gesture = pointer.Idle()
        self._feeds, self._screen, self._window = feeds, screen, window
        self._outputs, self._recording, self._notebook = outputs, recording, notebook
        self._notices, self._failures = notices, failures

    @property
    def dragged(self) -> Box | None:
        """The box that is being dragged, pixels of the frame; None while none is."""
        if not isinstance(self._gesture, pointer.Dragging):
            return None
        return pointer.box_between(*self._gesture, self._feed.frame, self.view)

    def handle(self, user_input: UserInput) -> UserInput:
        """Carry out what the user asked for, and return the input that is left for the source."""
        mode = self.view.mode
        if user_input.keys or any(event.action == "down" for event in user_input.pointers):
            self._notices.user_acted()
        for event in user_input.pointers:
            if event.action == "down":
                self._was_asked = False
            self._point(event)
        for key in user_input.keys:
            for command in commands((key,), self.view.mode):
                self._execute(command, key)
        if user_input.closed:
            self._quit()
            if not self.view.quitting:
                self._window.open_again()
        return user_input if self.view.mode is mode else UserInput()

    @property
    def _feed(self) -> Feed:
        return self._feeds[self.view.mode]

    def _execute(self, command: Command, key: str) -> None:
        if command is Command.LET_GO:
            command = self._meaning_of_escape()
        if command is Command.QUIT:
            self._quit()
            return
        self._was_asked = False
        view = after(self.view, command)
        if view.mode is not self.view.mode:
            try:
                self._feeds.open(view.mode, view.rotation)
            except SourceError as error:
                self._notices.notify(str(error), 2 * NOTICE_S)
                return
            self._let_go()
        if view.full_screen is not self.view.full_screen:
            self._window.set_full_screen(view.full_screen)
        self.view = view
        self._act_on(command, key)

    def _act_on(self, command: Command, key: str) -> None:
        """Do what a command does besides changing the view."""
        match command:
            case Command.SNAPSHOT:
                self._save_snapshot()
            case Command.RECORD:
                self._recording.toggle()
            case Command.COPY:
                self._copy()
            case Command.CLEAR:
                self._feed.forget()
                self._let_go()
            case Command.ROTATE:
                self._feed.rotate(self.view.rotation)
            case Command.LET_GO:
                self._let_go()
            case Command.IS_A:
                self.corrections.correct(self._feed, int(key))
            case Command.IS_NONE:
                self.corrections.correct(self._feed, None)
            case Command.TEACH:
                self.corrections.teach()
            case Command.UNTEACH:
                self.corrections.unteach()
            case Command.WHOLE_PICTURE:
                self._read_only(None)
            case _:
                self._go(command)

    def _go(self, command: Command) -> None:
        """Go on to another picture or source, if that is the command."""
        match command:
            case Command.NEXT_PICTURE if self._feed.has_pages:
                self._turn_page(forward=True)
            case Command.NEXT_CAMERA | Command.NEXT_PICTURE:
                self._replace(self._feeds.open_next_camera)
            case Command.NEXT_PAGE | Command.PREVIOUS_PAGE:
                self._turn_page(command is Command.NEXT_PAGE)
            case Command.PLAY_AGAIN if self._feed.playback.can_be_played_again:
                self._replace(self._feeds.play_again)
            case Command.PLAY_AGAIN:
                self._notices.notify(f"{self._feed.name} is no clip that could be played again")

    def _quit(self) -> None:
        """Quit. Where that loses a drawing, warn the user first, and quit the second time."""
        if self._feeds.has_unsaved_strokes and not self._was_asked:
            self._was_asked = True
            keys = [Command.SAVE_PAGE] if self.view.mode is Mode.CANVAS else [Command.TOGGLE_MODE, Command.SAVE_PAGE]
            saving = f"{' '.join(map(command_key, keys))} to save it"
            self._notices.notify(f"not saved: the drawing; {saving}, {command_key(Command.QUIT)} again to quit", math.inf)
        else:
            self.view = after(self.view, Command.QUIT)

    def _meaning_of_escape(self) -> Command:
        """Return the command that Esc stands for now. A frame that was held from the first stays held."""
        if self.selection or not isinstance(self._gesture, pointer.Idle):
            return Command.LET_GO
        return Command.HOLD if self.view.held and not self._begins_held else Command.QUIT

    def _turn_page(self, forward: bool) -> None:
        if self._feed.turn_page(forward):
            self._let_go()
        elif self._feed.has_pages:
            self._notices.notify(f"that is the {'last' if forward else 'first'} picture")
        else:
            self._notices.notify(f"{self._feed.name} has no pages to turn")

    def _replace(self, opening: Callable[[Rotation], None]) -> None:
        """Open something else in place of what is shown."""
        try:
            opening(self.view.rotation)
        except SourceError as error:
            self._notices.notify(str(error), 2 * NOTICE_S)
        else:
            self._let_go()

    def _point(self, event: Pointer) -> None:
        """Click to select a digit. Drag a box round a digit on a held page, or round the part that is to be read."""
        draws = self.view.mode is Mode.CANVAS and not self.view.held and event.x < self._feed.frame.image.shape[1]
        self._gesture, done = pointer.after(self._gesture, event, ours=not draws)
        match done:
            case pointer.Click(at):
                self._select_at(at)
            case pointer.Drag(start, end):
                box = pointer.box_between(start, end, self._feed.frame, self.view)
                if box is None:
                    self._select_at(start)
                else:
                    self._drag(box)

    def _select_at(self, at: pointer.Point) -> None:
        place = locate(self._feed.frame, self.view, *at)
        self.selection.select(None if place is None else digit_at(self._feed.scene, *place))
        if self.selection:
            self._notices.notify(_TYPE_IT)

    def _drag(self, box: Box) -> None:
        if not self.view.held and self.view.mode is Mode.CAMERA:
            self._read_only(box)
            return
        try:
            self.selection.select_place(self._feed.ink_in(box))
            self._notices.notify(_TYPE_IT)
        except ValueError as error:
            self._notices.notify(f"{error}; drag one round a digit that was missed")

    def _let_go(self) -> None:
        self.selection.clear()
        self._gesture = pointer.Idle()

    def _read_only(self, box: Box | None) -> None:
        part = self._feed.read_only(box)
        self._let_go()
        self._notices.notify("" if part is None else _ONLY_A_PART)
        if self._notebook is not None:
            with self._failures.caught():
                self._notebook.remember_region(self._feed.source.name, part)

    def _save_snapshot(self) -> None:
        if self._screen.picture is None:
            return
        with self._failures.caught():
            scene = replace(self._feed.scene, source=self._feed.source.name)
            self._notices.notify(f"saved {self._outputs.save_snapshot(self._screen.picture, scene)}")

    def _copy(self) -> None:
        """Copy the clicked number, or else the last one that was read, to the clipboard."""
        number = self.selection.number(self._feed)
        numbers = self._feed.history.numbers
        text = number.text if number is not None else numbers[0].text if numbers else ""
        if not text:
            self._notices.notify("there is no number to copy yet")
            return
        with self._failures.caught():
            self._outputs.copy(text)
            self._notices.notify(f"copied {text}")
