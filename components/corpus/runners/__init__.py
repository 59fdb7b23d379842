"""Beam's runners: a module each, the table of them, and how one is started."""
