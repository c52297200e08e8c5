"""Reads digits on one frame: arrays and values in, values out.

No clock, file, window, camera or model runtime may live here.
"""
