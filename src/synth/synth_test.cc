#include "synth/synth.h"

#include <gtest/gtest.h>

#include "synth/note_writer.h"
#include "synth/tables.h"

namespace residency::synth {
namespace {

TEST(Tables, LoadAndEverySlotOfTheGrammarIsKnown) {
  auto tables = Tables::load();
  ASSERT_TRUE(tables.ok()) << tables.error().message();
  for (const std::string& slot : tables->grammar.slots()) EXPECT_TRUE(is_slot(slot)) << slot;
}

}  // namespace
}  // namespace residency::synth
