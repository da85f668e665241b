"""Neo4j where it differs from a store in PostgreSQL."""
