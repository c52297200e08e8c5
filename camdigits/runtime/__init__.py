"""What stands beneath the reading on this machine: model runtimes, child processes, threads, signals and streams, the clock,
and where a user's own files lie.

Nothing here knows of sources, outputs or windows.
"""
