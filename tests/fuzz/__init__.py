"""Hostile inputs for every public entry and every reader of files, each in a process of its own.

``make fuzz`` runs it (SECONDS, SEED, ENTRY, ARGS); a case is an entry and a seed, nothing else.
"""
