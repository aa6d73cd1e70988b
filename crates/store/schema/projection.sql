-- The projection: what the ledger says, in tables. Nothing here is truth; `ward rebuild` makes it anew, row for row.
-- Written for SQLite; `schema.rs` turns the few words that differ into PostgreSQL's.
-- Moments are texts of 27 characters in UTC and sort as such; identifiers are texts as in the ledger.

CREATE TABLE meta (
  name TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- A record; `opened` is the number of the entry that opened it. Its body is the case as JSON without sealed fields;
-- those are in `sealed`, under the record's data key. A destroyed record keeps its place and nothing else.
CREATE TABLE record (
  opened INTEGER NOT NULL PRIMARY KEY,
  record TEXT NOT NULL UNIQUE,
  register TEXT NOT NULL,
  unit TEXT NOT NULL,
  data_key TEXT,
  version INTEGER,
  state TEXT,
  ending TEXT,
  grade INTEGER,
  number TEXT,
  next_at TEXT,
  -- Does it stand where it may stay, so that it waits for nobody?
  rests INTEGER CHECK (rests IN (0, 1)),
  body TEXT,
  sealed BLOB,
  destroyed INTEGER,
  CHECK ((destroyed IS NULL) = (body IS NOT NULL)),
  CHECK ((destroyed IS NULL) = (state IS NOT NULL)),
  CHECK ((destroyed IS NULL) = (grade IS NOT NULL)),
  CHECK ((destroyed IS NULL) = (version IS NOT NULL)),
  CHECK ((destroyed IS NULL) = (rests IS NOT NULL)),
  CHECK (destroyed IS NULL OR (sealed IS NULL AND number IS NULL AND next_at IS NULL AND ending IS NULL))
) STRICT;
CREATE INDEX record_number ON record (number) WHERE number IS NOT NULL;
CREATE INDEX record_next ON record (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX record_running ON record (register, unit) WHERE state IS NOT NULL AND ending IS NULL;
CREATE INDEX record_waiting ON record (opened) WHERE rests = 0 AND ending IS NULL;
CREATE INDEX record_key ON record (data_key) WHERE data_key IS NOT NULL;

-- Entries that happened to a record.
CREATE TABLE history (
  opened INTEGER NOT NULL,
  entry INTEGER NOT NULL,
  PRIMARY KEY (opened, entry)
) STRICT, WITHOUT ROWID;

-- Values of fields that hold several.
CREATE TABLE several (
  opened INTEGER NOT NULL,
  field TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (opened, field, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX several_value ON several (value, field, opened);

-- Records that speak of others: by a reference (field) or a link (no field).
CREATE TABLE mention (
  target TEXT NOT NULL,
  opened INTEGER NOT NULL,
  field TEXT NOT NULL,
  PRIMARY KEY (target, opened, field)
) STRICT, WITHOUT ROWID;
CREATE INDEX mention_by ON mention (opened);

-- People who may read a record because they acted on it or are named in it.
CREATE TABLE party (
  person TEXT NOT NULL,
  opened INTEGER NOT NULL,
  how TEXT NOT NULL CHECK (how IN ('acted', 'named')),
  PRIMARY KEY (person, opened, how)
) STRICT, WITHOUT ROWID;
CREATE INDEX party_of ON party (opened, how);

-- Whose turn it is: whom a running case waits for, as the rules of its pack named them when it was last looked at. It
-- depends on units and on the day as well as on entries, so that it is no table of facts and in no dump. A role of the
-- whole city has no unit. Who may take a step that leaves the case where it is stands here where they would not read it
-- otherwise.
CREATE TABLE turn (
  opened INTEGER NOT NULL,
  person TEXT NOT NULL,
  role TEXT NOT NULL,
  unit TEXT NOT NULL,
  onward INTEGER NOT NULL CHECK (onward IN (0, 1)),
  due TEXT,
  PRIMARY KEY (opened, person, role, unit),
  CHECK ((person = '') <> (role = '')),
  CHECK (person = '' OR unit = '')
) STRICT, WITHOUT ROWID;
CREATE INDEX turn_person ON turn (person, onward, opened) WHERE person <> '';
CREATE INDEX turn_role ON turn (role, unit, onward, opened) WHERE role <> '';

-- Up to which entry whose turn it is was looked at.
CREATE TABLE turned (
  one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
  position INTEGER NOT NULL
) STRICT;

-- Files that a record holds or once held, by the digest of their stored bytes: what was replaced stays in the ledger's
-- words, and goes with the record.
CREATE TABLE file_use (
  digest TEXT NOT NULL,
  opened INTEGER NOT NULL,
  PRIMARY KEY (digest, opened)
) STRICT, WITHOUT ROWID;
CREATE INDEX file_use_by ON file_use (opened);

CREATE TABLE sequence (
  name TEXT NOT NULL PRIMARY KEY,
  last INTEGER NOT NULL CHECK (last > 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE series (
  duty TEXT NOT NULL,
  object TEXT NOT NULL,
  last TEXT,
  missing TEXT,
  PRIMARY KEY (duty, object)
) STRICT, WITHOUT ROWID;

CREATE TABLE occurrence (
  duty TEXT NOT NULL,
  object TEXT NOT NULL,
  nominal TEXT NOT NULL,
  version INTEGER NOT NULL,
  due_on TEXT NOT NULL,
  due TEXT NOT NULL,
  record TEXT NOT NULL,
  points TEXT NOT NULL,
  next_at TEXT,
  done_at TEXT,
  PRIMARY KEY (duty, object, nominal),
  CHECK (done_at IS NULL OR next_at IS NULL)
) STRICT, WITHOUT ROWID;
CREATE INDEX occurrence_next ON occurrence (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX occurrence_due ON occurrence (duty, due);
CREATE INDEX occurrence_record ON occurrence (record);

-- Notices: an entry that tells, and whom.
CREATE TABLE notice (
  entry INTEGER NOT NULL PRIMARY KEY,
  opened INTEGER NOT NULL,
  at TEXT NOT NULL,
  zh TEXT NOT NULL,
  en TEXT NOT NULL
) STRICT;
CREATE INDEX notice_of ON notice (opened);

CREATE TABLE notice_to (
  entry INTEGER NOT NULL,
  person TEXT NOT NULL,
  role TEXT NOT NULL,
  unit TEXT NOT NULL,
  above INTEGER NOT NULL CHECK (above IN (0, 1)),
  PRIMARY KEY (entry, person, role, unit, above),
  CHECK ((person = '') <> (role = '')),
  CHECK (person = '' OR (unit = '' AND above = 0))
) STRICT, WITHOUT ROWID;
CREATE INDEX notice_person ON notice_to (person, entry) WHERE person <> '';
CREATE INDEX notice_role ON notice_to (role, unit, entry) WHERE role <> '';

CREATE TABLE notice_read (
  entry INTEGER NOT NULL,
  person TEXT NOT NULL,
  at TEXT NOT NULL,
  PRIMARY KEY (entry, person)
) STRICT, WITHOUT ROWID;

-- What is to leave Ward and has not been answered for yet.
CREATE TABLE ask (
  entry INTEGER NOT NULL PRIMARY KEY,
  opened INTEGER NOT NULL,
  at TEXT NOT NULL,
  record TEXT NOT NULL,
  hook TEXT NOT NULL,
  give TEXT NOT NULL,
  answered INTEGER,
  done INTEGER CHECK (done IN (0, 1)),
  CHECK ((answered IS NULL) = (done IS NULL))
) STRICT;
CREATE INDEX ask_open ON ask (entry) WHERE answered IS NULL;
CREATE INDEX ask_of ON ask (opened);

-- Records that an approved case destroys.
CREATE TABLE condemned (
  record TEXT NOT NULL PRIMARY KEY,
  entry INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Records whose data key is gone while the entry that says so is still to come.
CREATE TABLE lost (
  record TEXT NOT NULL PRIMARY KEY,
  opened INTEGER NOT NULL,
  data_key TEXT NOT NULL,
  register TEXT NOT NULL,
  unit TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Data keys of which the ledger says that they are destroyed.
CREATE TABLE destroyed_key (
  data_key TEXT NOT NULL PRIMARY KEY,
  entry INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Versions of packs that were published.
CREATE TABLE published (
  version INTEGER NOT NULL PRIMARY KEY,
  pack TEXT NOT NULL,
  digest TEXT NOT NULL,
  archive TEXT NOT NULL,
  entry INTEGER NOT NULL
) STRICT;

-- Roots of lines that were received, in stretches that follow one another.
CREATE TABLE line_batch (
  receiver TEXT NOT NULL,
  first INTEGER NOT NULL CHECK (first >= 0),
  count INTEGER NOT NULL CHECK (count > 0),
  root TEXT NOT NULL,
  entry INTEGER NOT NULL,
  PRIMARY KEY (receiver, first)
) STRICT, WITHOUT ROWID;

-- Files of such lines.
CREATE TABLE line_file (
  receiver TEXT NOT NULL,
  first INTEGER NOT NULL CHECK (first >= 0),
  count INTEGER NOT NULL CHECK (count > 0),
  erased INTEGER NOT NULL CHECK (erased BETWEEN 0 AND count),
  file TEXT NOT NULL,
  index_file TEXT NOT NULL,
  received_from TEXT NOT NULL,
  received_until TEXT NOT NULL,
  entry INTEGER NOT NULL,
  PRIMARY KEY (receiver, first)
) STRICT, WITHOUT ROWID;

-- Files of lines that approved cases have retired.
CREATE TABLE line_retired (
  receiver TEXT NOT NULL,
  first INTEGER NOT NULL CHECK (first >= 0),
  count INTEGER NOT NULL CHECK (count > 0),
  received_from TEXT NOT NULL,
  received_until TEXT NOT NULL,
  record TEXT NOT NULL,
  entry INTEGER NOT NULL,
  PRIMARY KEY (receiver, first)
) STRICT, WITHOUT ROWID;

-- Lines that approved cases have erased; their files have but their leaves.
CREATE TABLE line_erased (
  receiver TEXT NOT NULL,
  number INTEGER NOT NULL CHECK (number >= 0),
  leaf TEXT NOT NULL,
  record TEXT NOT NULL,
  entry INTEGER NOT NULL,
  PRIMARY KEY (receiver, number)
) STRICT, WITHOUT ROWID;

-- Alarms, by the entry that raised each. `about` is its group, `lines` and `latest` what it rests on, as entries have
-- them; `severity` is 0 to 4.
CREATE TABLE alarm (
  entry INTEGER NOT NULL PRIMARY KEY,
  at TEXT NOT NULL,
  rule TEXT NOT NULL,
  about TEXT NOT NULL,
  first TEXT NOT NULL,
  rest INTEGER NOT NULL CHECK (rest IN (0, 1)),
  severity INTEGER NOT NULL CHECK (severity BETWEEN 0 AND 4),
  last TEXT NOT NULL,
  count INTEGER NOT NULL CHECK (count >= 0),
  lines TEXT NOT NULL,
  latest TEXT NOT NULL,
  owner TEXT,
  owned_at TEXT,
  note TEXT,
  resolved INTEGER,
  resolved_at TEXT,
  -- Who has settled it, and why. Of one that was over by itself nobody.
  settled_by TEXT,
  reason TEXT,
  record TEXT,
  -- The unit whose device or place it is about. None where that is not known.
  unit TEXT,
  -- The last entry by which others were called, since nobody answered for it: when, the how manieth time, and whom.
  called INTEGER,
  called_at TEXT,
  calls INTEGER,
  called_to TEXT,
  -- The last entry that has changed it.
  changed INTEGER NOT NULL,
  CHECK ((owner IS NULL) = (owned_at IS NULL)),
  CHECK (note IS NULL OR owner IS NOT NULL),
  CHECK ((resolved IS NULL) = (resolved_at IS NULL)),
  CHECK ((settled_by IS NULL) = (reason IS NULL)),
  CHECK ((called IS NULL) = (called_at IS NULL) AND (called IS NULL) = (calls IS NULL)),
  CHECK ((called IS NULL) = (called_to IS NULL)),
  CHECK (settled_by IS NULL OR resolved IS NOT NULL)
) STRICT;
CREATE INDEX alarm_named ON alarm (rule, first);
CREATE INDEX alarm_standing ON alarm (severity, entry) WHERE resolved IS NULL;
CREATE INDEX alarm_changed ON alarm (changed);
CREATE INDEX alarm_called ON alarm (called) WHERE called IS NOT NULL;
CREATE INDEX alarm_settled ON alarm (resolved) WHERE settled_by IS NOT NULL;
CREATE INDEX alarm_unit ON alarm (unit) WHERE unit IS NOT NULL;
CREATE INDEX alarm_record ON alarm (record) WHERE record IS NOT NULL;

-- Outlets of alarms, by their names: how each is set, up to which entry it has answered for everything, what came of the
-- last message and of the last test.
CREATE TABLE outlet (
  name TEXT NOT NULL PRIMARY KEY,
  way TEXT NOT NULL,
  goes_to TEXT NOT NULL,
  least INTEGER NOT NULL CHECK (least BETWEEN 0 AND 4),
  ends INTEGER NOT NULL CHECK (ends IN (0, 1)),
  waits INTEGER NOT NULL CHECK (waits IN (0, 1)),
  since INTEGER NOT NULL,
  through INTEGER NOT NULL CHECK (through >= since),
  gone INTEGER NOT NULL CHECK (gone IN (0, 1)),
  done INTEGER NOT NULL CHECK (done >= 0),
  refused INTEGER NOT NULL CHECK (refused >= 0),
  sent INTEGER,
  sent_at TEXT,
  sent_done INTEGER CHECK (sent_done IN (0, 1)),
  sent_zh TEXT,
  sent_en TEXT,
  tested INTEGER,
  tested_at TEXT,
  tested_done INTEGER CHECK (tested_done IN (0, 1)),
  tested_zh TEXT,
  tested_en TEXT,
  CHECK ((sent IS NULL) = (sent_at IS NULL) AND (sent IS NULL) = (sent_done IS NULL)),
  CHECK ((tested IS NULL) = (tested_at IS NULL) AND (tested IS NULL) = (tested_done IS NULL))
) STRICT;
CREATE INDEX alarm_over ON alarm (resolved) WHERE resolved IS NOT NULL;

-- Evaluations of checks as they were recorded: for a unit with those below it, or (no unit) for all together. The value
-- is in millionths.
CREATE TABLE evaluation (
  clause TEXT NOT NULL,
  check_id TEXT NOT NULL,
  unit TEXT NOT NULL,
  entry INTEGER NOT NULL,
  at TEXT NOT NULL,
  month TEXT,
  pack INTEGER NOT NULL,
  size INTEGER NOT NULL,
  verdict TEXT NOT NULL CHECK (verdict IN ('exempt', 'figure', 'met', 'nobody', 'not-computed', 'not-met')),
  population INTEGER NOT NULL CHECK (population >= 0),
  good INTEGER NOT NULL CHECK (good >= 0),
  value INTEGER,
  oldest TEXT,
  zh TEXT,
  en TEXT,
  PRIMARY KEY (clause, check_id, unit, entry),
  CHECK ((verdict = 'not-computed') = (zh IS NOT NULL)),
  CHECK ((zh IS NULL) = (en IS NULL)),
  CHECK (good <= population)
) STRICT, WITHOUT ROWID;

-- People, units, terminals, roles held, deputies, credentials: each fact as the identity engine keeps it.
CREATE TABLE identity (
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

-- What enforcers have answered to what cases asked of them, by the entry that asked and the firewall.
CREATE TABLE response (
  asked INTEGER NOT NULL,
  firewall TEXT NOT NULL,
  record TEXT NOT NULL,
  ordered TEXT NOT NULL,
  what TEXT,
  target TEXT,
  entry INTEGER NOT NULL UNIQUE,
  at TEXT NOT NULL,
  done INTEGER NOT NULL CHECK (done IN (0, 1)),
  dry INTEGER NOT NULL CHECK (dry IN (0, 1)),
  protected INTEGER NOT NULL CHECK (protected IN (0, 1)),
  zh TEXT NOT NULL,
  en TEXT NOT NULL,
  seen INTEGER CHECK (seen IN (0, 1)),
  flows INTEGER CHECK (flows >= 0),
  packets INTEGER CHECK (packets >= 0),
  bytes INTEGER CHECK (bytes >= 0),
  micros INTEGER CHECK (micros >= 0),
  ms INTEGER CHECK (ms >= 0),
  PRIMARY KEY (asked, firewall)
) STRICT;

-- What happened on firewalls by itself.
CREATE TABLE response_event (
  entry INTEGER PRIMARY KEY,
  firewall TEXT NOT NULL,
  record TEXT,
  what TEXT NOT NULL,
  at TEXT NOT NULL,
  touched TEXT,
  differs TEXT NOT NULL,
  flows INTEGER CHECK (flows >= 0),
  packets INTEGER CHECK (packets >= 0),
  bytes INTEGER CHECK (bytes >= 0)
) STRICT;

-- Up to which of its own events each firewall was heard, and since when it counts them.
CREATE TABLE enforcer (
  firewall TEXT NOT NULL PRIMARY KEY,
  epoch TEXT NOT NULL,
  number INTEGER NOT NULL CHECK (number >= 1),
  entry INTEGER NOT NULL
) STRICT;
