-- Texts that can be found by what they say.

CREATE EXTENSION IF NOT EXISTS vector;

CREATE TABLE vectors (
    org text NOT NULL,
    namespace text NOT NULL,
    id text NOT NULL,
    embedder text NOT NULL,
    embedding vector(384) NOT NULL,
    text text NOT NULL,
    metadata jsonb NOT NULL,
    words tsvector GENERATED ALWAYS AS (
        setweight(to_tsvector('english', coalesce(metadata ->> 'title', '')), 'A')
        || setweight(to_tsvector('english', coalesce(metadata ->> 'heading', '')), 'B')
        || to_tsvector('english', text)) STORED,
    PRIMARY KEY (org, namespace, id)
);
CREATE INDEX vectors_embedding ON vectors USING hnsw (embedding vector_cosine_ops);
CREATE INDEX vectors_words ON vectors USING gin (words);
CREATE INDEX vectors_metadata ON vectors USING gin (metadata jsonb_path_ops);
SELECT protect('vectors');

-- When each document was last changed, so that an older state never replaces a newer one.
CREATE TABLE vector_documents (
    org text NOT NULL,
    id text NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (org, id)
);
SELECT protect('vector_documents');

-- What a profile is made of: the newest things that an account did. A profile is always computed whole from these.
CREATE TABLE profile_pieces (
    org text NOT NULL,
    account text NOT NULL,
    entity text NOT NULL,
    text text NOT NULL,
    occurred_at timestamptz NOT NULL,
    PRIMARY KEY (org, account, entity)
);
CREATE INDEX profile_pieces_newest ON profile_pieces (org, account, occurred_at DESC, entity);
CREATE INDEX profile_pieces_entity ON profile_pieces (org, entity);
SELECT protect('profile_pieces');
