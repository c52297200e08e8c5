"""The live app: read, recognize, draw, show, listen. `loop.run` is the whole of it.

    loop          one look after the other: feeds, screen, outputs, user
    interaction   what the user does, carried out
    feeds         the source of each mode with its reader; feed: one of them, and what was read of it
    screen        what the window shows, drawn when it changes

Below them are the parts, each with one state: playback (playing, ended, lost), pace, region, amendments, selection, pointer
(idle, pressed, dragging), notices, corrections, recording, event_log. What they are handed is in `camdigits.ports`.
"""
