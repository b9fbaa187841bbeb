-- Accounts: keys of people that this node keeps, each encrypted under its owner's passphrase. No times and
-- no visits: when somebody was here is written nowhere.

CREATE TABLE accounts (
    author BLOB PRIMARY KEY CHECK (length(author) = 32),
    -- As typed, and in lower case: two names that differ in that alone are one.
    name TEXT NOT NULL,
    folded TEXT NOT NULL UNIQUE,
    -- Argon2id with these, and XChaCha20-Poly1305: 32 bytes of secret key with 16 bytes of tag.
    memory_kib INTEGER NOT NULL CHECK (memory_kib > 0),
    passes INTEGER NOT NULL CHECK (passes > 0),
    salt BLOB NOT NULL CHECK (length(salt) = 16),
    nonce BLOB NOT NULL CHECK (length(nonce) = 24),
    sealed BLOB NOT NULL CHECK (length(sealed) = 48),
    -- The lowest n that was never given out, by scope. Raised before an entry is signed.
    next_core INTEGER NOT NULL CHECK (next_core >= 0),
    next_main INTEGER NOT NULL CHECK (next_main >= 0)
) STRICT;

-- Each opens one account; only a hash of it is kept.
CREATE TABLE invites (
    hash BLOB PRIMARY KEY CHECK (length(hash) = 32),
    -- Seconds since 1970.
    expires_at_secs INTEGER NOT NULL
) STRICT;

-- Entries of accounts whose n another entry of the same key has. They are signed anew when their owner's key
-- is at hand, which is while they are signed in.
CREATE TABLE account_losses (
    id BLOB PRIMARY KEY CHECK (length(id) = 32),
    author BLOB NOT NULL REFERENCES accounts (author) ON DELETE CASCADE,
    kind INTEGER NOT NULL,
    subject BLOB NOT NULL CHECK (length(subject) = 32),
    body BLOB NOT NULL,
    -- The entry that says the same now; null until it is signed.
    again BLOB CHECK (length(again) = 32)
) STRICT;
CREATE INDEX account_losses_by_author ON account_losses (author);
