"""Sends stored content in the manager's place: any number of these may run. They keep nothing.

A gateway passes requests on to the manager, which decides, and sends what the manager's manifests say
(`reading.manifest`).
"""
