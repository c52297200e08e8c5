"""The live app: read, recognize, draw, show, listen. `loop.run` is the whole of it.

    app           puts all of it together: sources, readers, the window, the notebook
    loop          one look after the other: feeds, screen, outputs, user
    interaction   what the user does, carried out
    feeds         the source of each mode with its reader; feed: one of them, and what was read of it
    screen        what the window shows, drawn when it changes

Below them are the parts, each with one state: playback (playing, ended, lost), pace, region, amendments, selection, pointer
(idle, pressed, dragging), notices, corrections, recording, event_log. What they are handed is in `camdigits.live.ports`.

The outside of the app is `window`, `canvas` (a source that listens to the mouse), `notebook` and `reader_thread`; the loop
knows none of them. `controls` is the table of keys, `overlay` draws.
"""
