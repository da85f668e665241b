-- An index answers alone only for rows that a vacuum has seen, and what is asked most is what came last: by default
-- nobody looks before a fifth has come in, which in a large organisation are the latest months.
ALTER TABLE events SET (autovacuum_vacuum_insert_scale_factor = 0.02);
ALTER TABLE event_words SET (autovacuum_vacuum_insert_scale_factor = 0.02);
ALTER TABLE touches SET (autovacuum_vacuum_insert_scale_factor = 0.02);
