-- State: what is neither in the ledger nor computed from it. Losing it loses no truth.

-- How often something was tried to be sent.
CREATE TABLE IF NOT EXISTS state.attempt (
  entry INTEGER NOT NULL PRIMARY KEY,
  tries INTEGER NOT NULL,
  next_at TEXT NOT NULL,
  told TEXT NOT NULL
);

-- Text of stored files, found once; of sealed files there is none.
CREATE TABLE IF NOT EXISTS state.file_text (
  digest TEXT NOT NULL PRIMARY KEY,
  body TEXT NOT NULL
);

-- The last moment the system was seen up.
CREATE TABLE IF NOT EXISTS state.pulse (
  one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
  seen_at TEXT NOT NULL
);

-- Of how many destroyed data keys what deleted rows left behind was overwritten.
CREATE TABLE IF NOT EXISTS state.scrubbed (
  one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
  keys INTEGER NOT NULL
);

-- Files that were stored, before or after a record came to hold them.
CREATE TABLE IF NOT EXISTS state.stored (
  digest TEXT NOT NULL PRIMARY KEY,
  size INTEGER NOT NULL,
  kind TEXT NOT NULL,
  data_key TEXT,
  stored_at TEXT NOT NULL
);

-- Forms that somebody has begun and not sent, as the pairs of a form. Answers to sealed fields are never among them.
CREATE TABLE IF NOT EXISTS state.draft (
  person TEXT NOT NULL,
  form TEXT NOT NULL,
  record TEXT,
  pairs TEXT NOT NULL,
  kept_at TEXT NOT NULL,
  PRIMARY KEY (person, form)
);
