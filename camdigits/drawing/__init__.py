"""Draws a Scene on its picture, always on a copy; pure.

    draw_scene(image, scene)    the picture with its readings, at its own size; Labels keeps a window's labels in their places

`marks` draws readings on a picture, `placement` finds room for labels, `lettering` sets type, `palette` holds the colours.
`live.overlay` draws what else a window shows.
"""

from camdigits.drawing.marks import Labels, draw_scene

__all__ = ["Labels", "draw_scene"]
