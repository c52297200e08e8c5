"""The screen: what the window shows, drawn when it changes."""

from __future__ import annotations

from camdigits.controls import Mode, View
from camdigits.overlay import Labels, Status, draw
from camdigits.ports import Window
from camdigits.vision.scene import BgrImage, Frame, Scene


class Screen:
    """What is on the screen, and the picture of it."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._labels = Labels()
        self._shown: tuple[Frame, Scene, View, Status] | None = None
        self.picture: BgrImage | None = None

    def show(self, frame: Frame, scene: Scene, view: View, status: Status) -> bool:
        """Draw and show that, if it is not on the screen already; whether it was drawn."""
        shown = (frame, scene, view, status)
        waiting = view.mode is Mode.CAMERA and not self._labels.is_whole  # some come later, also where the frame stays
        if self._shown is not None and not waiting and not _differ(shown, self._shown):
            return False
        self._shown = shown
        self.picture = draw(*shown, self._labels)
        self._window.show(self.picture)
        return True


def _differ(new: tuple[object, ...], old: tuple[object, ...]) -> bool:
    return any(one is not other and one != other for one, other in zip(new, old, strict=True))
