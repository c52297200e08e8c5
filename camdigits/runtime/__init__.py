"""Services of this machine: model runtimes, child processes, threads, signals, standard streams, the clock, and a user's
folders.

Nothing here knows of sources, outputs or windows.
"""
