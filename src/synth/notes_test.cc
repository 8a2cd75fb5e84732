#include <algorithm>
#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <set>

#include "base/json.h"
#include "synth/base64.h"
#include "synth/fhir.h"
#include "synth/note_writer.h"
#include "synth/truth.h"

namespace residency::synth {
namespace {

// Every note of the first patients of one hospital.
class Notes : public testing::Test {
 protected:
  void SetUp() override {
    auto loaded = Tables::load();
    ASSERT_TRUE(loaded.ok()) << loaded.error().message();
    tables_ = std::move(loaded).value();
    world_ = make_world(tables_, 11);
  }

  using Visit = std::function<void(const PatientPlan&, const Encounter&, const PlannedNote&,
                                   const WrittenNote&)>;
  void each(int patients, const Visit& visit) {
    for (int i = 0; i < patients; ++i) {
      const PatientPlan plan = make_plan(tables_, world_, 11, static_cast<std::uint64_t>(i), 4);
      for (const Encounter& encounter : plan.encounters) {
        for (const PlannedNote& note : encounter.notes) {
          visit(plan, encounter, note, write_note(tables_, plan, encounter, note));
        }
      }
    }
  }

  Tables tables_;
  World world_;
};

TEST_F(Notes, SpansLieInOrderInsideTheTextOnWholeCharacters) {
  each(300, [](const PatientPlan&, const Encounter&, const PlannedNote& note,
               const WrittenNote& written) {
    const std::string& text = written.text.text();
    const auto starts_character = [&](std::size_t at) {
      return at == text.size() || (static_cast<unsigned char>(text[at]) & 0xC0) != 0x80;
    };
    std::size_t last = 0;
    for (const PhiSpan& span : written.text.phi()) {
      ASSERT_LE(last, span.start) << note.id;
      ASSERT_LT(span.start, span.end);
      ASSERT_LE(span.end, text.size());
      EXPECT_TRUE(starts_character(span.start) && starts_character(span.end)) << note.id;
      EXPECT_NE(text[span.start], ' ');
      EXPECT_NE(text[span.end - 1], ' ');
      last = span.end;
    }
    for (const EntitySpan& span : written.text.entities()) {
      ASSERT_LT(span.start, span.end) << note.id;
      ASSERT_LE(span.end, text.size());
    }
  });
}

TEST_F(Notes, TruthLinesQuoteTheText) {
  each(60, [](const PatientPlan& plan, const Encounter& encounter, const PlannedNote& note,
              const WrittenNote& written) {
    const std::string& text = written.text.text();
    auto phi = parse_json(phi_line(plan, note, written));
    ASSERT_TRUE(phi.ok());
    for (const Json& span : (*phi)["spans"]) {
      const auto start = span["start"].get<std::size_t>();
      EXPECT_EQ(text.substr(start, span["end"].get<std::size_t>() - start),
                json_text(span, "text"));
      EXPECT_TRUE(phi_class_named(json_text(span, "class")).has_value());
    }
    auto entities = parse_json(entities_line(plan, note, written));
    ASSERT_TRUE(entities.ok());
    for (const Json& span : (*entities)["entities"]) {
      const auto start = span["start"].get<std::size_t>();
      EXPECT_EQ(text.substr(start, span["end"].get<std::size_t>() - start),
                json_text(span, "text"));
    }
    EXPECT_TRUE(parse_json(codes_line(plan, encounter, note)).ok());
  });
}

TEST_F(Notes, EveryDocumentedCodeIsMentionedAndNoDistractorIsCoded) {
  each(400, [](const PatientPlan&, const Encounter& encounter, const PlannedNote& note,
               const WrittenNote& written) {
    std::set<std::string> coded;
    for (const std::size_t i : note.conditions)
      coded.insert(encounter.conditions[i]->codes.front());
    std::set<std::string> present;
    for (const EntitySpan& entity : written.text.entities()) {
      if (entity.type != "PROBLEM") continue;
      if (entity.assertion == "present") present.insert(entity.code);
      if (entity.assertion != "present") {
        EXPECT_FALSE(coded.contains(entity.code)) << note.id << " " << entity.code;
      }
    }
    EXPECT_EQ(present, coded) << note.id << "\n" << written.text.text();
  });
}

TEST_F(Notes, PatientsFitTheirDiagnosesAndAllergies) {
  for (int i = 0; i < 500; ++i) {
    const PatientPlan plan = make_plan(tables_, world_, 11, static_cast<std::uint64_t>(i), 4);
    EXPECT_FALSE(plan.encounters.empty()) << i;
    for (const Encounter& encounter : plan.encounters) {
      const int age = age_on(plan.person.birth, encounter.start);
      std::set<std::string> groups;
      for (const Condition* condition : encounter.conditions) {
        EXPECT_TRUE(condition->sex == 'a' || (condition->sex == 'f') == plan.person.female);
        EXPECT_GE(age, condition->age_low) << condition->codes.front();
        for (const std::string& group : condition->groups) {
          EXPECT_TRUE(groups.insert(group).second) << group;
        }
      }
      for (const Medication& medication : encounter.medications) {
        EXPECT_EQ(std::count(plan.allergies.begin(), plan.allergies.end(), medication.drug->key),
                  0);
      }
    }
  }
}

TEST_F(Notes, VarietyIsAboveItsBounds) {
  std::set<std::string> texts;
  std::set<std::string> first_lines;
  std::map<std::string, std::set<std::string>> phrasings;
  std::set<std::string> header_orders;
  std::set<PhiClass> classes;
  std::size_t notes = 0;
  each(400, [&](const PatientPlan&, const Encounter&, const PlannedNote&,
                const WrittenNote& written) {
    const std::string& text = written.text.text();
    ++notes;
    texts.insert(text);
    // What is left of the first line without names and numbers, and the shape of the whole.
    std::string shape = text;
    for (const PhiSpan& span : written.text.phi()) {
      std::fill(shape.begin() + static_cast<std::ptrdiff_t>(span.start),
                shape.begin() + static_cast<std::ptrdiff_t>(span.end), '\1');
      classes.insert(span.phi_class);
    }
    shape.erase(std::unique(shape.begin(), shape.end(),
                            [](char a, char b) { return a == '\1' && b == '\1'; }),
                shape.end());
    first_lines.insert(shape.substr(0, shape.find('\n')));
    std::string order;
    for (std::size_t at = 0; (at = shape.find(':', at)) != std::string::npos; ++at) {
      const auto line = shape.rfind('\n', at);
      const auto from = line == std::string::npos ? 0 : line + 1;
      if (at - from < 32) order += shape.substr(from, at - from) + "|";
    }
    header_orders.insert(order);
    for (const EntitySpan& entity : written.text.entities()) {
      if (entity.type == "PROBLEM") {
        phrasings[entity.code].insert(std::string(written.text.slice(entity.start, entity.end)));
      }
    }
  });
  ASSERT_GE(notes, 500u);
  EXPECT_EQ(texts.size(), notes);
  EXPECT_GE(first_lines.size(), 120u);
  EXPECT_GE(header_orders.size(), notes * 7 / 10);
  EXPECT_GE(phrasings.size(), 120u);
  EXPECT_GE(phrasings["I10"].size(), 5u);
  EXPECT_GE(classes.size(), 26u);
}

TEST_F(Notes, AwkwardFormsAreThere) {
  int split_names = 0;
  int capitals = 0;
  int over_89 = 0;
  int worded_ages = 0;
  int spoken_days = 0;
  int non_ascii = 0;
  int misspelled = 0;
  each(800, [&](const PatientPlan& plan, const Encounter&, const PlannedNote&,
                const WrittenNote& written) {
    for (const PhiSpan& span : written.text.phi()) {
      const std::string_view text = written.text.slice(span.start, span.end);
      const bool name = span.phi_class == PhiClass::kPatientName;
      if (name && text.find('\n') != std::string_view::npos) ++split_names;
      if (name && text == upper_utf8(text)) ++capitals;
      if (std::any_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) >= 0x80; })) {
        ++non_ascii;
      }
      const PersonName& own = plan.person.name;
      if (name && text.find(own.family) == std::string_view::npos &&
          text.size() + 1 == own.family.size()) {
        ++misspelled;
      }
      if (span.phi_class == PhiClass::kAge) {
        over_89 += text.size() == 2 && text[0] == '9' ? 1 : 0;
        worded_ages += text[0] >= 'a' && text[0] <= 'z' ? 1 : 0;
      }
      if (span.phi_class == PhiClass::kDate && text.starts_with("the ")) ++spoken_days;
    }
  });
  EXPECT_GE(split_names, 10);
  EXPECT_GE(capitals, 100);
  EXPECT_GE(over_89, 30);
  EXPECT_GE(worded_ages, 50);
  EXPECT_GE(spoken_days, 30);
  EXPECT_GE(non_ascii, 200);
  EXPECT_GE(misspelled, 5);
}

TEST_F(Notes, ShortKindsAreShortAndLongKindsLonger) {
  std::map<NoteKind, std::vector<std::size_t>> words;
  each(400, [&](const PatientPlan&, const Encounter&, const PlannedNote& note,
                const WrittenNote& written) {
    const std::string& text = written.text.text();
    words[note.kind].push_back(static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return c == ' ' || c == '\n'; })));
  });
  const auto median = [&](NoteKind kind) {
    auto& counts = words[kind];
    std::sort(counts.begin(), counts.end());
    return counts.empty() ? 0 : counts[counts.size() / 2];
  };
  EXPECT_EQ(words.size(), static_cast<std::size_t>(kNoteKinds));
  EXPECT_LE(median(NoteKind::kTriage), 110u);
  EXPECT_LE(median(NoteKind::kProgress), 130u);
  EXPECT_GE(median(NoteKind::kDischarge), 110u);
  EXPECT_GE(median(NoteKind::kAdmission), 160u);
}

TEST_F(Notes, InteractionMentionsNameTheirDrugs) {
  std::size_t seen = 0;
  each(400, [&](const PatientPlan&, const Encounter&, const PlannedNote& note,
                const WrittenNote& written) {
    for (const InteractionMention& mention : written.interactions) {
      ++seen;
      EXPECT_LT(mention.first_start, mention.first_end) << note.id;
      EXPECT_LT(mention.second_start, mention.second_end) << note.id;
      EXPECT_TRUE(mention.first_end <= mention.second_start ||
                  mention.second_end <= mention.first_start);
    }
  });
  EXPECT_GE(seen, 30u);
}

TEST_F(Notes, BundlesResolveEveryReferenceAndCarryTheNote) {
  const PatientPlan plan = make_plan(tables_, world_, 11, 2, 4);
  std::vector<Json> resources = person_resources(plan, tables_);
  for (const Hospital& hospital : world_.hospitals) {
    for (Json& resource : hospital_resources(hospital)) resources.push_back(std::move(resource));
  }
  std::string text;
  for (const Encounter& encounter : plan.encounters) {
    for (Json& made : encounter_resources(plan, encounter)) resources.push_back(std::move(made));
    for (const PlannedNote& note : encounter.notes) {
      const WrittenNote written = write_note(tables_, plan, encounter, note);
      text = written.text.text();
      for (Json& made : note_resources(plan, encounter, note, written)) {
        resources.push_back(std::move(made));
      }
    }
  }
  auto bundle = parse_json(dump_json(make_bundle(resources)));
  ASSERT_TRUE(bundle.ok());
  std::set<std::string> urls;
  for (const Json& entry : (*bundle)["entry"]) {
    EXPECT_TRUE(urls.insert(json_text(entry, "fullUrl")).second) << json_text(entry, "fullUrl");
  }
  const std::function<void(const Json&)> walk = [&](const Json& value) {
    if (value.is_object() && value.contains("reference")) {
      EXPECT_TRUE(urls.contains(json_text(value, "reference"))) << json_text(value, "reference");
    }
    for (const Json& child : value) {
      if (child.is_structured()) walk(child);
    }
  };
  walk((*bundle)["entry"]);
  EXPECT_NE(dump_json(*bundle).find(base64_encode(text)), std::string::npos);
}

TEST(Base64, TheVectorsOfRfc4648) {
  EXPECT_EQ(base64_encode(""), "");
  EXPECT_EQ(base64_encode("f"), "Zg==");
  EXPECT_EQ(base64_encode("fo"), "Zm8=");
  EXPECT_EQ(base64_encode("foob"), "Zm9vYg==");
  EXPECT_EQ(base64_encode("foobar"), "Zm9vYmFy");
}

TEST(Csv, QuotesWhatMustBeQuoted) {
  EXPECT_EQ(csv_field("plain"), "plain");
  EXPECT_EQ(csv_field("a,\"b\"\n"), "\"a,\"\"b\"\"\n\"");
}

}  // namespace
}  // namespace residency::synth
