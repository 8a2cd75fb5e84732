#include <iostream>

#include "ingest/phi_text.h"

void show(const residency::ingest::PhiText& text) {
#ifdef ALLOWED
  std::cout << text.bytes();
#else
  std::cout << text;
#endif
}
