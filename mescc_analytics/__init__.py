"""Metastatic epidural spinal cord compression: scores, pathways, survival and walking."""

__version__ = "0.1.0"
