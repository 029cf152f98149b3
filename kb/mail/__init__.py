"""Sending mail: a small port with a side that only notes and one that sends."""
