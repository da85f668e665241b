-- Each namespace has a graph of its own: in one of all of them, most of what a search came by was of another. Those that
-- there are were of all; whoever keeps vectors makes new ones.
DO $$
DECLARE
    graph text;
BEGIN
    FOR graph IN SELECT indexname FROM pg_indexes WHERE schemaname = 'engintel' AND indexname LIKE 'embeddings\_near\_%' LOOP
        EXECUTE format('DROP INDEX %I', graph);
    END LOOP;
END $$;

-- The nearest vectors of an embedder: of those that are settled by the graph of their neighbours, of the rest by
-- comparing. The statement names the namespace, the embedder and its length, or the graph would not be found. The graph
-- is of numbers of half the length, which is half to read; what it finds is measured by whole ones.
CREATE OR REPLACE FUNCTION near(my_namespace text, my_embedder text, asked vector, many int)
RETURNS TABLE (id text, likeness float8) LANGUAGE plpgsql AS $$
BEGIN
    -- Looking at more than is asked for is what makes the graph miss less.
    PERFORM set_config('hnsw.ef_search', greatest(800, many)::text, true);
    RETURN QUERY EXECUTE format($near$
        SELECT found.id, 1 - (found.embedding <=> $1) AS likeness FROM (
            (SELECT e.id, e.embedding FROM embeddings e
             WHERE e.org = $2 AND e.namespace = %3$L AND e.embedder = %2$L AND e.settled
             ORDER BY e.embedding::halfvec(%1$s) <=> $1::halfvec(%1$s) LIMIT $3)
            UNION ALL
            (SELECT e.id, e.embedding FROM embeddings e
             WHERE e.org = $2 AND e.namespace = %3$L AND e.embedder = %2$L AND NOT e.settled
             ORDER BY e.embedding <=> $1 LIMIT $3)
        ) AS found ORDER BY likeness DESC, found.id LIMIT $3
    $near$, vector_dims(asked), my_embedder, my_namespace)
    USING asked, current_setting('engintel.org'), many;
END $$;
