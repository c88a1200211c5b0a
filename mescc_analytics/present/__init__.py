"""Finished numbers to figures, tables and pages: nothing here fits a model, reads a case or
touches the disk.
"""
