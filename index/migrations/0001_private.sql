-- What never leaves this machine (file mode 0600). Nothing about readers is stored anywhere.

-- Signed here and waiting for release: when an entry appears says little about when it was submitted.
-- Removed when the entry has joined the set.
CREATE TABLE outbox (
    id BLOB PRIMARY KEY CHECK (length(id) = 32),
    author BLOB NOT NULL CHECK (length(author) = 32),
    scope INTEGER NOT NULL CHECK (scope IN (0, 1)),
    n INTEGER NOT NULL CHECK (n >= 0),
    -- SHA-256 of what the entry is about, so that the same is not signed twice.
    subject BLOB NOT NULL CHECK (length(subject) = 32),
    head BLOB NOT NULL,
    body BLOB NOT NULL,
    -- Seconds since 1970.
    release_at_secs INTEGER NOT NULL,
    UNIQUE (author, scope, n)
) STRICT;
CREATE INDEX outbox_by_subject ON outbox (subject);
CREATE INDEX outbox_by_release ON outbox (release_at_secs);

-- Forms and requests that were answered, so that a repeated one gets the same answer.
CREATE TABLE receipts (
    idempotency_key TEXT PRIMARY KEY,
    id BLOB NOT NULL CHECK (length(id) = 32)
) STRICT;
