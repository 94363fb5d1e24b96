"""Driving the player in a real Chromium: as a page of its own, and in JupyterLab."""
