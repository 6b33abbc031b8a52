"""Catalogues: tables of postings and their photos, checked.

Nothing is imported here: the command line wants the problems of a catalogue without waiting for
tables to load.
"""
