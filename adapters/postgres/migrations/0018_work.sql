-- Issues and pull requests are found by the words of their titles, and by their keys however they are written.
ALTER TABLE work_items ADD COLUMN words tsvector GENERATED ALWAYS AS (to_tsvector('english', title)) STORED;
CREATE INDEX work_items_words ON work_items USING gin (words) WITH (gin_pending_list_limit = 256);
CREATE INDEX work_items_key ON work_items (org, lower(key));

-- Row-level security keeps whoever is under it from an index of words; see 0017. The organisation is that of the
-- transaction.
CREATE POLICY looked_up ON work_items FOR SELECT TO CURRENT_USER USING (true);
CREATE FUNCTION search_work(asked text, kinds text[], many int)
RETURNS TABLE (key text, likeness float8)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = engintel, public, pg_temp AS $$
    SELECT key, max(likeness) AS likeness FROM (
        (SELECT key, 1.0::float8 AS likeness, updated_at FROM work_items
         WHERE org = current_setting('engintel.org') AND NOT deleted AND kind = ANY (kinds) AND lower(key) = lower(asked))
        UNION ALL
        (SELECT key, 0.3 + 0.6 * ts_rank(words, websearch_to_tsquery('english', asked), 32) AS likeness, updated_at
         FROM work_items
         WHERE org = current_setting('engintel.org') AND NOT deleted AND kind = ANY (kinds)
           AND words @@ websearch_to_tsquery('english', asked)
         ORDER BY likeness DESC, updated_at DESC, key LIMIT many)
    ) AS found
    GROUP BY key, updated_at ORDER BY likeness DESC, updated_at DESC, key LIMIT many
$$;
REVOKE ALL ON FUNCTION search_work FROM PUBLIC;
GRANT EXECUTE ON FUNCTION search_work TO engintel_app;
