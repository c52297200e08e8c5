"""The pure core through time: takes scenes, and returns what came of them. Time is data; no clock, window or camera here."""
