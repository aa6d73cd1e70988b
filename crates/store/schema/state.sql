-- State: what is neither in the ledger nor computed from it. No entry is lost with it, but nobody signs in without it.

-- How often something was tried to be sent.
CREATE TABLE IF NOT EXISTS state.attempt (
  entry INTEGER NOT NULL PRIMARY KEY,
  tries INTEGER NOT NULL,
  next_at TEXT NOT NULL,
  told TEXT NOT NULL
);

-- What people are to be told about their account.
CREATE TABLE IF NOT EXISTS state.door_word (
  person TEXT NOT NULL,
  at TEXT NOT NULL,
  kind TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (person, at, kind)
);

-- How often signing in failed, by a digest of the account name or of the address.
CREATE TABLE IF NOT EXISTS state.door_failure (
  digest TEXT NOT NULL PRIMARY KEY,
  failures INTEGER NOT NULL,
  last_at TEXT NOT NULL
);

-- The one-time link of the first start, as a digest.
CREATE TABLE IF NOT EXISTS state.door_first (
  one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
  digest TEXT NOT NULL,
  until TEXT NOT NULL
);

-- Passkeys as they were last used.
CREATE TABLE IF NOT EXISTS state.door_passkey (
  credential TEXT NOT NULL PRIMARY KEY,
  counter INTEGER NOT NULL,
  used_at TEXT NOT NULL
);

-- Secrets of people, sealed under the person's own data key.
CREATE TABLE IF NOT EXISTS state.door_secret (
  person TEXT NOT NULL,
  kind TEXT NOT NULL,
  sealed BLOB NOT NULL,
  changed_at TEXT NOT NULL,
  PRIMARY KEY (person, kind)
);

-- Sessions, by the digest of their cookie.
CREATE TABLE IF NOT EXISTS state.door_session (
  session TEXT NOT NULL UNIQUE,
  digest TEXT NOT NULL UNIQUE,
  person TEXT NOT NULL,
  opened_at TEXT NOT NULL,
  seen_at TEXT NOT NULL,
  ended_at TEXT,
  body TEXT NOT NULL,
  PRIMARY KEY (person, opened_at, session)
);

-- Tokens of applications, by the digest of the token.
CREATE TABLE IF NOT EXISTS state.door_token (
  token TEXT NOT NULL PRIMARY KEY,
  digest TEXT NOT NULL UNIQUE,
  person TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  used_at TEXT,
  revoked_at TEXT,
  body TEXT NOT NULL
);

-- Text of stored files, found once; of sealed files there is none.
CREATE TABLE IF NOT EXISTS state.file_text (
  digest TEXT NOT NULL PRIMARY KEY,
  body TEXT NOT NULL
);

-- Why the text of stored files could not be read.
CREATE TABLE IF NOT EXISTS state.file_unread (
  digest TEXT NOT NULL PRIMARY KEY,
  zh TEXT NOT NULL,
  en TEXT NOT NULL
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

-- Who has handed a file in, for a day: what no record holds is counted against a quota.
CREATE TABLE IF NOT EXISTS state.handed_in (
  person TEXT NOT NULL,
  digest TEXT NOT NULL,
  at TEXT NOT NULL,
  PRIMARY KEY (person, digest)
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

-- Lists that somebody comes back to: where, and what is asked for there.
CREATE TABLE IF NOT EXISTS state.saved_view (
  person TEXT NOT NULL,
  path TEXT NOT NULL,
  name TEXT NOT NULL,
  query TEXT NOT NULL,
  PRIMARY KEY (person, path, name)
);

-- What applications were answered, for a day: sent twice under one key, a request is answered alike.
CREATE TABLE IF NOT EXISTS state.answered (
  key TEXT NOT NULL PRIMARY KEY,
  digest TEXT NOT NULL,
  status INTEGER NOT NULL,
  body TEXT NOT NULL,
  at TEXT NOT NULL
);

-- When senders of lines were heard last.
CREATE TABLE IF NOT EXISTS state.heard (
  address TEXT NOT NULL PRIMARY KEY,
  last TEXT NOT NULL
);

-- What senders had sent, of files of lines that went by an approved case: figures of a month stay.
CREATE TABLE IF NOT EXISTS state.traffic_gone (
  receiver TEXT NOT NULL,
  first_line INTEGER NOT NULL,
  lines INTEGER NOT NULL,
  from_at TEXT NOT NULL,
  until_at TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (receiver, first_line, from_at)
);
