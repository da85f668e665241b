"""The one seam to PostgreSQL: starting the embedded server, connections bound to an organisation, migrations.

The engines in the role folders (`adapters/directory/postgres.py` and its siblings) build on it; nothing else does.
"""
