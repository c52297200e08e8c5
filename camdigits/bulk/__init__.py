"""Reading source after source, as `camdigits read` does: sources in, what was found in each out, in their order.

`reading.py` says what is read and what comes of it, and reads in this process; `workers.py` does it in several processes of
this machine, `cluster.py` on the machines of a Ray cluster. What comes out is the same to the byte.
`summary.py` counts what was read, for a person at a terminal.
"""
