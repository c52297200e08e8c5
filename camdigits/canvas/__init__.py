"""Pages that are drawn on: strokes as data, and a page while it changes; pure.

No clock, file, window or mouse may live here. The source that listens to the mouse is `live.canvas`; how a page is saved
and read again, `sources.pages`.
"""
