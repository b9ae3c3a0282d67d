"""Studies: rows of circuits, overrides and seeds, described in one YAML file, run once and scored.

Reading a study starts no simulator; running one does, in the processes that run its jobs.
"""
