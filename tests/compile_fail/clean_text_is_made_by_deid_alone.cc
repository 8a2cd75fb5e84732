#include "deid/clean_text.h"

residency::deid::CleanText make() {
#ifdef ALLOWED
  return residency::deid::CleanText();
#else
  return residency::deid::CleanText("raw text");
#endif
}
