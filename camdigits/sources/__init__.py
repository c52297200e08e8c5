"""Where frames come from: cameras, network cameras, clips, pictures, documents, saved pages, and folders of these.

What is told of a name stands in `kinds`; what a source looks like to its reader in `ports`. Files, cameras and addresses
are opened here and nowhere else; nothing here knows what is read on a frame or where it goes.
"""
