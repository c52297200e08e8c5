"""Where readings go: lines, tables, sheets, drawn pictures, clips, number events, the clipboard; and going on with a file
that was cut off (`resume`).

What takes readings looks as `ports` says. Files are written here; nothing here reads a picture or opens a window.
"""
