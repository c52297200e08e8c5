"""The pure core through time: scenes in, what came of them out. Time is data; no clock, window or camera may live here."""
