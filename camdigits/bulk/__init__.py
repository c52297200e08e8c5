"""Reads many sources, as `camdigits read` does, and gives events in the order of the sources.

`reading.py` defines the events, writes what they hold, and reads in this process. `workers.py` reads in several processes of
this machine, `cluster.py` on the machines of a Ray cluster. All three give the same bytes.
`summary.py` counts what was read, for a person at a terminal.
"""
