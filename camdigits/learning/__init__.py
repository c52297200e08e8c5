"""What users say of readings, and what is learnt of it: amendments and adaptation, which are pure, corrections on disk, and
teaching.

Nothing here knows of windows or sources.
"""
