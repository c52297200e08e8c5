"""Learning from users: amendments and adaptation, which are pure functions, corrections on disk, and teaching.

Nothing here knows of windows or sources.
"""
