"""Pages that are drawn on: strokes as data, and a page while it changes; pure.

No clock, file, window or mouse may live here. `live.canvas` is the source that listens to the mouse; `sources.pages` saves and
loads pages.
"""
