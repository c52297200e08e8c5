"""The live app: read, recognize, draw, show, listen. `loop.run` is the whole of it.

    app           puts everything together: sources, readers, the window, the notebook
    loop          reads, draws and listens, again and again: feeds, screen, outputs, user
    interaction   carries out what the user does
    feeds         the source of each mode with its reader; feed: one of them, and what was read of it
    screen        what the window shows, drawn when it changes

Below them are the parts, each with one state: playback (playing, ended, lost), pace, region, amendments, selection, pointer
(idle, pressed, dragging), notices, corrections, recording, event_log. `camdigits.live.ports` has the interfaces that they use.

The outside of the app is `window`, `canvas` (a source that listens to the mouse), `notebook` and `reader_thread`; the loop
imports none of them. `controls` is the table of keys, `overlay` draws.
"""
