"""Exported pages: one self-contained file with every stepper alive, no kernel and no network."""

from sevviz.export.exporter import SevvizExporter
from sevviz.export.pages import export_notebook, export_scheme, export_site

__all__ = ["SevvizExporter", "export_notebook", "export_scheme", "export_site"]
