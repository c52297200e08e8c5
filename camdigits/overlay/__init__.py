"""Scene and View to picture, always on a copy; pure.

    draw_scene(image, scene)            the picture with its readings, at its own size, for files
    draw(frame, scene, view, status)    all that the live window shows; Labels keeps a window's labels in their places
    locate(frame, view, x, y)           which pixel of the frame is shown there
    draw_corrections(corrections)       what was taught, on a sheet

Rooms: `live` and `page` compose what the window shows in camera and canvas mode, `marks` draws readings on a picture,
`choices` what the user has marked; `panels` holds the status bar, the keys and the last numbers, `inspector` what is known of
digits; `placement` finds room for labels, `lettering` sets type, `palette` holds the colours.
"""

from camdigits.overlay.live import draw, locate
from camdigits.overlay.marks import Labels, draw_scene
from camdigits.overlay.panels import Chosen, Status, help_rows, short_name
from camdigits.overlay.sheet import draw_corrections

__all__ = ["Chosen", "Labels", "Status", "draw", "draw_corrections", "draw_scene", "help_rows", "locate", "short_name"]
