"""Numbered SQL scripts (`0001_initial.sql`, …) that bring a database to this release's schema.

Each one is applied once, in the order of the numbers, and never changed after its release.
"""
