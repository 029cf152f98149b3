"""Texts: their files, their layout as safe HTML, the process that makes it."""
