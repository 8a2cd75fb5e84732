#include <algorithm>
#include <fmt/format.h>
#include <set>

#include "base/json.h"
#include "synth/cases/cases.h"
#include "synth/fhir.h"
#include "synth/output_tree.h"
#include "synth/synth.h"
#include "synth/truth.h"

namespace residency::synth {
namespace {

constexpr std::uint64_t kMarkerBytesMax = 1u << 20;

// Writes a hospital patient by patient.
class Generator {
 public:
  Generator(const Tables& tables, const SynthOptions& options, OutputTree& tree)
      : tables_(tables), options_(options), tree_(tree), world_(make_world(tables, options.seed)) {
    for (const Hospital& hospital : world_.hospitals) {
      for (Json& resource : hospital_resources(hospital)) {
        shared_ids_[resource["id"].get_ref<const std::string&>()] = shared_.size();
        shared_.push_back(std::move(resource));
      }
    }
  }

  Result<void> open();
  Result<void> patient(std::uint64_t index);
  Result<void> cases(const CaseSets& sets, const std::string& name, Progress& progress);
  SynthSummary summary() const;

 private:
  bool makes(std::string_view output) const {
    return std::find(options_.outputs.begin(), options_.outputs.end(), output) !=
           options_.outputs.end();
  }
  Result<void> note(const PatientPlan& plan, const Encounter& encounter, const PlannedNote& note,
                    std::vector<Json>& resources);
  Result<void> truth(const PatientPlan& plan, const Encounter& encounter, const PlannedNote& note,
                     const WrittenNote& written);
  Result<void> ndjson(const std::vector<Json>& resources);
  void add_shared(const PatientPlan& plan, std::vector<Json>& resources) const;
  void count(const std::string& name, std::uint64_t by = 1) { counts_[name] += by; }

  const Tables& tables_;
  const SynthOptions& options_;
  OutputTree& tree_;
  World world_;
  std::vector<Json> shared_;  // what belongs to no patient
  std::map<std::string, std::size_t> shared_ids_;
  std::map<std::string, std::uint64_t> counts_;
};

Result<void> Generator::open() {
  if (!options_.cases.empty()) RESIDENCY_TRY_VOID(tree_.folder("cases"));
  if (options_.outputs.empty()) return {};
  RESIDENCY_TRY_VOID(tree_.folder("truth"));
  if (makes("notes")) RESIDENCY_TRY_VOID(tree_.folder("notes"));
  if (makes("fhir_bundles")) RESIDENCY_TRY_VOID(tree_.folder("fhir/bundles"));
  for (const std::string_view name : {"phi", "entities", "codes", "interactions"}) {
    RESIDENCY_TRY_VOID(tree_.append(fmt::format("truth/{}.jsonl", name), ""));
  }
  if (makes("csv")) {
    RESIDENCY_TRY_VOID(tree_.folder("csv"));
    RESIDENCY_TRY_VOID(tree_.append("csv/patients.csv", patients_csv_head()));
    RESIDENCY_TRY_VOID(tree_.append("csv/notes.csv", notes_csv_head()));
  }
  if (makes("fhir_ndjson")) {
    RESIDENCY_TRY_VOID(tree_.folder("fhir/ndjson"));
    RESIDENCY_TRY_VOID(ndjson(shared_));
  }
  return {};
}

Result<void> Generator::ndjson(const std::vector<Json>& resources) {
  for (const Json& resource : resources) {
    const std::string& type = resource["resourceType"].get_ref<const std::string&>();
    RESIDENCY_TRY_VOID(
        tree_.append(fmt::format("fhir/ndjson/{}.ndjson", type), dump_json(resource) + "\n"));
  }
  return {};
}

Result<void> Generator::truth(const PatientPlan& plan, const Encounter& encounter,
                              const PlannedNote& note, const WrittenNote& written) {
  RESIDENCY_TRY_VOID(tree_.append("truth/phi.jsonl", phi_line(plan, note, written) + "\n"));
  RESIDENCY_TRY_VOID(
      tree_.append("truth/entities.jsonl", entities_line(plan, note, written) + "\n"));
  RESIDENCY_TRY_VOID(tree_.append("truth/codes.jsonl", codes_line(plan, encounter, note) + "\n"));
  for (const InteractionMention& mention : written.interactions) {
    RESIDENCY_TRY_VOID(
        tree_.append("truth/interactions.jsonl", interaction_line(note, written, mention) + "\n"));
  }
  count("interactions", written.interactions.size());
  count("entities", written.text.entities().size());
  count("codes", code_count(encounter, note));
  count("phi_spans", written.text.phi().size());
  for (const PhiSpan& span : written.text.phi()) {
    count(fmt::format("phi_{}", phi_class_name(span.phi_class)));
  }
  return {};
}

Result<void> Generator::note(const PatientPlan& plan, const Encounter& encounter,
                             const PlannedNote& note, std::vector<Json>& resources) {
  const WrittenNote written = write_note(tables_, plan, encounter, note);
  RESIDENCY_TRY_VOID(truth(plan, encounter, note, written));
  if (makes("notes"))
    RESIDENCY_TRY_VOID(tree_.file("notes/" + note.id + ".txt", written.text.text()));
  if (makes("csv")) {
    RESIDENCY_TRY_VOID(
        tree_.append("csv/notes.csv", notes_csv_row(plan, encounter, note, written)));
  }
  for (Json& resource : note_resources(plan, encounter, note, written)) {
    resources.push_back(std::move(resource));
  }
  count("notes");
  count(fmt::format("notes_{}", note_kind_name(note.kind)));
  return {};
}

// The hospitals and clinicians that a bundle's resources refer to.
void Generator::add_shared(const PatientPlan& plan, std::vector<Json>& resources) const {
  std::set<std::size_t> wanted;
  const auto want = [&](const std::string& id) { wanted.insert(shared_ids_.at(id)); };
  for (const Encounter& encounter : plan.encounters) {
    want(encounter.hospital->id);
    want(encounter.hospital->location_id);
    want(encounter.attending->id);
    want(encounter.nurse->id);
    for (const PlannedNote& note : encounter.notes) want(note.author->id);
  }
  for (const std::size_t index : wanted) resources.push_back(shared_[index]);
}

Result<void> Generator::patient(std::uint64_t index) {
  const PatientPlan plan =
      make_plan(tables_, world_, options_.seed, index, options_.notes_per_patient_max);
  std::vector<Json> resources = person_resources(plan, tables_);
  for (const Encounter& encounter : plan.encounters) {
    for (Json& resource : encounter_resources(plan, encounter)) {
      resources.push_back(std::move(resource));
    }
    for (const PlannedNote& planned : encounter.notes) {
      RESIDENCY_TRY_VOID(note(plan, encounter, planned, resources));
    }
  }
  count("patients");
  count("encounters", plan.encounters.size());
  for (const Json& resource : resources) {
    count("resources");
    count("resource_" + resource["resourceType"].get_ref<const std::string&>());
  }
  if (makes("csv")) RESIDENCY_TRY_VOID(tree_.append("csv/patients.csv", patients_csv_row(plan)));
  if (makes("fhir_ndjson")) RESIDENCY_TRY_VOID(ndjson(resources));
  if (makes("fhir_bundles")) {
    add_shared(plan, resources);
    RESIDENCY_TRY_VOID(tree_.file(fmt::format("fhir/bundles/{}.json", plan.person.id),
                                  dump_json(make_bundle(std::move(resources))) + "\n"));
  }
  return {};
}

Result<void> Generator::cases(const CaseSets& sets, const std::string& name, Progress& progress) {
  const auto total = static_cast<std::uint64_t>(options_.cases_each);
  for (std::uint64_t index = 0; index < total; ++index) {
    if (progress.cancelled()) return cancelled("synth was stopped");
    const MadeCase made = sets.make(name, options_.seed, index);
    RESIDENCY_TRY_VOID(
        tree_.append(fmt::format("cases/{}.jsonl", name), dump_json(made.line) + "\n"));
    RESIDENCY_TRY_VOID(
        tree_.append(fmt::format("cases/{}.truth.jsonl", name), dump_json(made.truth) + "\n"));
    progress.update(index + 1, total, "cases", name);
  }
  count("cases_" + name, total);
  return {};
}

SynthSummary summary_of(const std::map<std::string, std::uint64_t>& counts) {
  SynthSummary summary;
  summary.counts = counts;
  summary.patients = summary.counts["patients"];
  summary.encounters = summary.counts["encounters"];
  summary.notes = summary.counts["notes"];
  summary.resources = summary.counts["resources"];
  summary.phi_spans = summary.counts["phi_spans"];
  return summary;
}

SynthSummary Generator::summary() const {
  SynthSummary summary = summary_of(counts_);
  summary.content_sha256 = tree_.content_sha256();
  return summary;
}

std::string digest_of(const SynthOptions& options) {
  std::string all = options.canonical_json() + "\n" + Tables::source_text();
  if (!options.cases.empty()) all += CaseSets::source_text();
  return sha256_hex(all);
}

// The summary of the finished output in `out_dir`, where its marker has `digest`.
Result<SynthSummary> already_made(Env& env, const std::string& out_dir, const std::string& digest) {
  const std::string path = out_dir + "/synth.json";
  if (!env.exists(path)) {
    return already_exists("folder is not empty and holds no synthetic hospital: " + out_dir);
  }
  RESIDENCY_TRY(const std::string text, env.read_file(path, kMarkerBytesMax));
  auto marker = parse_json(text);
  if (!marker.ok() || json_text(*marker, "digest") != digest) {
    return already_exists("folder holds a synthetic hospital of other options: " + out_dir);
  }
  std::map<std::string, std::uint64_t> counts;
  const Json& stored = json_member(*marker, "counts");
  if (stored.is_object()) {
    for (const auto& [name, value] : stored.items()) {
      if (value.is_number_unsigned()) counts[name] = value.get<std::uint64_t>();
    }
  }
  SynthSummary summary = summary_of(counts);
  summary.already_there = true;
  summary.content_sha256 = json_text(*marker, "content_sha256");
  return summary;
}

}  // namespace

Result<SynthSummary> generate(Env& env, const SynthOptions& given, Progress& progress) {
  SynthOptions options = given;
  RESIDENCY_TRY_VOID(options.validate());
  while (options.out_dir.size() > 1 && options.out_dir.back() == '/') options.out_dir.pop_back();
  if (options.out_dir.empty() || options.out_dir == "/") {
    return invalid_argument("synth: out_dir must name a folder to make");
  }
  const std::string digest = digest_of(options);
  if (env.exists(options.out_dir)) {
    RESIDENCY_TRY(const auto entries, env.list(options.out_dir));
    if (!entries.empty()) return already_made(env, options.out_dir, digest);
  }
  RESIDENCY_TRY(const Tables tables, Tables::load());
  RESIDENCY_TRY(auto tree, OutputTree::begin(env, options.out_dir));
  Generator generator(tables, options, *tree);
  RESIDENCY_TRY_VOID(generator.open());
  const auto total = options.outputs.empty() ? 0 : static_cast<std::uint64_t>(options.patients);
  for (std::uint64_t index = 0; index < total; ++index) {
    if (progress.cancelled()) return cancelled("synth was stopped");
    RESIDENCY_TRY_VOID(generator.patient(index));
    progress.update(index + 1, total, "patients", "");
  }
  if (!options.cases.empty()) {
    RESIDENCY_TRY(const CaseSets sets, CaseSets::load());
    for (const std::string& name : options.cases)
      RESIDENCY_TRY_VOID(generator.cases(sets, name, progress));
  }
  SynthSummary summary = generator.summary();
  const Json marker{{"format", "residency-synth-1"},
                    {"options", *parse_json(options.canonical_json())},
                    {"digest", digest},
                    {"content_sha256", summary.content_sha256},
                    {"counts", summary.counts}};
  RESIDENCY_TRY_VOID(tree->commit(dump_json(marker) + "\n"));
  return summary;
}

}  // namespace residency::synth
