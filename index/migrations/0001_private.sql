-- What never leaves this machine (file mode 0600). Nothing about readers is stored anywhere.

-- Signed here and waiting for release: an entry shown late by its first node does not point at its
-- author. Removed when the entry has joined the set.
CREATE TABLE outbox (
    id BLOB PRIMARY KEY CHECK (length(id) = 32),
    head BLOB NOT NULL,
    body BLOB NOT NULL,
    -- Seconds since 1970.
    release_at_secs INTEGER NOT NULL
) STRICT;

-- Forms and requests that were answered, so that a repeated one gets the same answer.
CREATE TABLE receipts (
    idempotency_key TEXT PRIMARY KEY,
    id BLOB NOT NULL CHECK (length(id) = 32)
) STRICT;
