"""Where frames come from: cameras, network cameras, clips, pictures, documents, saved pages, and folders of these.

`kinds` tells what a name means, `formats` what a file holds, each in one table; what a source looks like to its reader stands
in `ports`. Files, cameras and addresses are opened here and nowhere else; nothing here knows what is read on a frame or where
it goes.
"""
