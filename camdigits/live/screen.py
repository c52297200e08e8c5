"""The screen: what the window shows, drawn when it changes."""

from __future__ import annotations

from camdigits.live.controls import Mode, View
from camdigits.live.overlay import Labels, Status, draw
from camdigits.live.ports import Window
from camdigits.vision.types import BgrImage, Frame, Scene

_Shown = tuple[Frame, Scene, View, Status]
"""All that a picture of the window is drawn from."""


class Screen:
    """What the window shows.

    picture: the picture that was shown last; None before the first.
    """

    def __init__(self, window: Window) -> None:
        self._window = window
        self._labels = Labels()
        self._shown: _Shown | None = None
        self.picture: BgrImage | None = None

    def show(self, frame: Frame, scene: Scene, view: View, status: Status) -> bool:
        """Draw and show these, unless they are on the screen already; return whether they were drawn."""
        shown = (frame, scene, view, status)
        waiting = view.mode is Mode.CAMERA and not self._labels.is_whole  # some labels come later, even on the same frame
        if self._shown is not None and not waiting and not _differ(shown, self._shown):
            return False
        turned = self._shown is not None and _is_page_turned(shown, self._shown)
        self._shown = shown
        self.picture = draw(*shown, self._labels)
        self._window.show(self.picture, keeps_size=turned)
        return True


def _is_page_turned(new: _Shown, old: _Shown) -> bool:
    """Return whether another picture of a folder or file is shown, and no panel was opened or closed."""
    views = [(view.mode, view.help, view.panel, view.inspect) for _, _, view, _ in (new, old)]
    return bool(new[3].place and old[3].place) and new[0] is not old[0] and views[0] == views[1]


def _differ(new: tuple[object, ...], old: tuple[object, ...]) -> bool:
    return any(one is not other and one != other for one, other in zip(new, old, strict=True))
