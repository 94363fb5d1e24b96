"""Whole-process benchmarks of sevviz and its peers: `python -m benchmarks` in the folder tests."""
