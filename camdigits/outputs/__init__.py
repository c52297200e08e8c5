"""Outputs of readings: lines, tables, sheets, drawn pictures, clips, number events, the clipboard.

`ports` describes an output as its writer sees it. `resume` continues a file that was cut off. Files are written here; nothing
here reads a picture or opens a window.
"""
