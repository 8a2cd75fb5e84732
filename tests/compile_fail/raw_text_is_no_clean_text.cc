#include "deid/clean_record.h"
#include "ingest/raw_record.h"

void fill(residency::deid::CleanRecord& clean, const residency::ingest::RawRecord& raw) {
#ifdef ALLOWED
  clean.note_type = raw.note_type;
#else
  clean.text = raw.text;
#endif
}
