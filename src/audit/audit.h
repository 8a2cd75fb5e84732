// audit: who did what to which artifact.
// Takes: events of enumerations, ids, digests and counts. Gives: an append-only log in which any
// changed byte shows.
// Keeps: audit/log-000001.jsonl, audit/checkpoint.json, and the head in the workspace's database.
// Must never: hold free text from users or data, or let work on PHI go on when it cannot write.
#pragma once

#include "audit/audit_log.h"
