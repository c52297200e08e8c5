"""Sources of frames: cameras, network cameras, clips, pictures, documents, saved pages, and folders of these.

`kinds` says in one table what the name of a source means. `formats` says in another what a file holds. `ports` describes a
source as its reader sees it.
Files, cameras and addresses are opened here and nowhere else. Nothing here knows how a frame is read or where the reading goes.
"""
