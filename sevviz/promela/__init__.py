"""A program as a Promela model for SPIN."""

from sevviz.promela.writer import promela

__all__ = ["promela"]
