#include "orchestrator/orchestrator_store.h"

namespace writ::orchestrator {

sql::Migrations orchestrator_migrations() {
  auto all = content::ContentStore::migrations();
  all.push_back({.name = "orchestrator/0001_runs", .sql = R"(
CREATE TABLE sessions (
  tenant     TEXT NOT NULL,
  id         TEXT NOT NULL,
  subject    TEXT NOT NULL,
  capsule    TEXT NOT NULL,  -- name@version
  model      TEXT NOT NULL,
  metadata   TEXT NOT NULL,  -- JSON
  created_at INTEGER NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE runs (
  tenant            TEXT NOT NULL,
  id                TEXT NOT NULL,
  session           TEXT NOT NULL,
  subject           TEXT NOT NULL,
  data_subject      TEXT NOT NULL,
  -- who drives it
  owner             TEXT,
  lease_until       INTEGER,
  fence             INTEGER NOT NULL,
  due_at            INTEGER,           -- when it has something to do; NULL after the end
  -- summary of its events
  status            TEXT NOT NULL,
  last_seq          INTEGER NOT NULL,
  capsule           TEXT NOT NULL,
  model             TEXT NOT NULL,
  steps             INTEGER NOT NULL,
  prompt_tokens     INTEGER NOT NULL,
  completion_tokens INTEGER NOT NULL,
  tokens_left       INTEGER,
  prompt            TEXT NOT NULL,     -- content id
  answer            TEXT,              -- content id
  reason            TEXT NOT NULL,
  review            TEXT,
  created_at        INTEGER NOT NULL,
  finished_at       INTEGER,
  PRIMARY KEY (tenant, id),
  FOREIGN KEY (tenant, session) REFERENCES sessions (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX one_active_run ON runs (tenant, session) WHERE finished_at IS NULL;
CREATE INDEX runs_of_session ON runs (tenant, session, created_at);
-- The work queue of all tenants.
CREATE INDEX runs_due ON runs (due_at) WHERE finished_at IS NULL;

CREATE TABLE events (
  tenant TEXT NOT NULL,
  run    TEXT NOT NULL,
  seq    INTEGER NOT NULL,
  type   TEXT NOT NULL,
  v      INTEGER NOT NULL,
  at     INTEGER NOT NULL,
  data   TEXT NOT NULL,  -- JSON with content ids
  PRIMARY KEY (tenant, run, seq),
  FOREIGN KEY (tenant, run) REFERENCES runs (tenant, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE reviews (
  tenant       TEXT NOT NULL,
  id           TEXT NOT NULL,
  run          TEXT NOT NULL,
  kind         TEXT NOT NULL,
  status       TEXT NOT NULL,
  tool         TEXT NOT NULL,
  arguments    TEXT,     -- content id
  scope        TEXT NOT NULL,
  requested_by TEXT NOT NULL,
  answered_by  TEXT,
  created_at   INTEGER NOT NULL,
  expires_at   INTEGER NOT NULL,
  PRIMARY KEY (tenant, id),
  FOREIGN KEY (tenant, run) REFERENCES runs (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX reviews_by_time ON reviews (tenant, created_at);

CREATE TABLE idempotency (
  tenant       TEXT NOT NULL,
  subject      TEXT NOT NULL,
  operation    TEXT NOT NULL,
  key          TEXT NOT NULL,
  request_hash TEXT NOT NULL,
  response     TEXT NOT NULL,  -- JSON
  created_at   INTEGER NOT NULL,
  PRIMARY KEY (tenant, subject, operation, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_by_time ON idempotency (created_at);

-- What the audit chain must still be told.
CREATE TABLE outbox (
  tenant     TEXT NOT NULL,
  id         TEXT NOT NULL,
  kind       TEXT NOT NULL,
  data       TEXT NOT NULL,  -- JSON
  created_at INTEGER NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_by_time ON outbox (created_at);
)"});
  all.push_back({.name = "orchestrator/0002_snapshots", .sql = R"(
CREATE TABLE run_snapshots (
  tenant  TEXT NOT NULL,
  run     TEXT NOT NULL,
  seq     INTEGER NOT NULL,  -- of the last event taken in
  layout  INTEGER NOT NULL,
  reducer INTEGER NOT NULL,
  state   TEXT NOT NULL,     -- JSON with content ids
  PRIMARY KEY (tenant, run),
  FOREIGN KEY (tenant, run) REFERENCES runs (tenant, id)
) STRICT, WITHOUT ROWID;
)"});
  all.push_back({.name = "orchestrator/0003_run_time", .sql = R"(
-- How long the run was to wait when it was parked: due_at moves with the clock, this does not.
ALTER TABLE runs ADD COLUMN wait_ms INTEGER NOT NULL DEFAULT 0;
-- Of the session's runs, from 1: their order does not hang on a clock.
ALTER TABLE runs ADD COLUMN nth INTEGER NOT NULL DEFAULT 0;
UPDATE runs SET nth = (SELECT count(*) FROM runs r WHERE r.tenant = runs.tenant AND r.session = runs.session
                       AND (r.created_at, r.id) <= (runs.created_at, runs.id));
)"});
  all.push_back({.name = "orchestrator/0004_capsule_versions", .sql = R"(
-- The text that a version stood for when the tenant's first run of it began.
CREATE TABLE capsule_versions (
  tenant     TEXT NOT NULL,
  name       TEXT NOT NULL,
  version    INTEGER NOT NULL,
  hash       TEXT NOT NULL,  -- SHA-256 in hex of the canonical JSON
  first_used INTEGER NOT NULL,
  PRIMARY KEY (tenant, name, version)
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO capsule_versions (tenant, name, version, hash, first_used)
  SELECT tenant, data ->> '$.capsule', data ->> '$.capsule_version', data ->> '$.capsule_hash', at FROM events
  WHERE type = 'run_started' AND coalesce(data ->> '$.capsule_hash', '') <> '' ORDER BY at;
)"});
  all.push_back({.name = "orchestrator/0005_review_rules", .sql = R"(
ALTER TABLE reviews ADD COLUMN rule TEXT NOT NULL DEFAULT '';  -- whose review it is
)"});
  return all;
}

}  // namespace writ::orchestrator
