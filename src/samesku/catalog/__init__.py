"""Catalogues: tables of postings and their photos, checked."""
