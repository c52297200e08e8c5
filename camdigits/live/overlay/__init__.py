"""Draws a Scene and a View as a picture, always on a copy; pure.

    draw(frame, scene, view, status)    all that the live window shows; Labels keeps a window's labels in their places
    locate(frame, view, x, y)           which pixel of the frame is shown there
    draw_corrections(corrections)       all corrections, on a sheet

`live` and `page` compose what the window shows in camera and canvas mode, `choices` draws what the user has marked. `panels`
holds the status bar, the keys and the last numbers, `inspector` what is known of digits, `sheet` all corrections.
`camdigits.drawing` has the readings on a picture, type and colours.
"""

from camdigits.drawing import Labels
from camdigits.live.overlay.live import draw, locate
from camdigits.live.overlay.panels import Chosen, Status, help_rows, short_name
from camdigits.live.overlay.sheet import draw_corrections

__all__ = ["Chosen", "Labels", "Status", "draw", "draw_corrections", "help_rows", "locate", "short_name"]
