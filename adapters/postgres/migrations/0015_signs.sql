-- What accounts may be told to be one by, so that a new account is compared with those it could belong to and not with
-- everybody. More than `domain.identity.signs_of` would give is no harm; less would be.
CREATE TABLE identity_signs (
    org text NOT NULL,
    sign text NOT NULL,
    key text NOT NULL,
    PRIMARY KEY (org, sign, key)
);
CREATE INDEX identity_signs_key ON identity_signs (org, key);
SELECT protect('identity_signs');
CREATE INDEX identity_links_left ON identity_links (org, left_key);
CREATE INDEX identity_links_right ON identity_links (org, right_key);
CREATE INDEX identity_decisions_right ON identity_decisions (org, right_key);

-- What there was so far. Whoever owns the tables is under row-level security, too.
ALTER TABLE identities NO FORCE ROW LEVEL SECURITY;
ALTER TABLE identity_signs NO FORCE ROW LEVEL SECURITY;
INSERT INTO identity_signs (org, sign, key)
SELECT org, 'github:' || external_id, key FROM identities WHERE source = 'github' AND external_id NOT LIKE 'login:%'
UNION
SELECT org, 'github:login:' || lower(username), key FROM identities WHERE source IN ('github', 'git') AND username <> ''
UNION
SELECT org, 'github:' || split_part(email, '+', 1), key FROM identities
WHERE email ~ '^[0-9]+\+[a-z0-9_-]+(\[bot\])?@users\.noreply\.github\.com$'
UNION
SELECT org, 'mail:' || email, key FROM identities
WHERE email LIKE '%_@_%._%'
  AND split_part(email, '@', 1) NOT IN ('noreply', 'no-reply', 'root', 'nobody', 'git', 'unknown', 'none', 'you');
ALTER TABLE identities FORCE ROW LEVEL SECURITY;
ALTER TABLE identity_signs FORCE ROW LEVEL SECURITY;
