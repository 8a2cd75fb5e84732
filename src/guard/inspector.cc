#include "guard/inspector.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <unordered_set>

#include "deid/detect/dictionary.h"
#include "guard/clinical/clinical_rails.h"
#include "guard/clinical/drug_table.h"
#include "guard/content/content_rules.h"
#include "guard/content/evidence.h"
#include "guard/phi/spelled.h"
#include "guard/text/decoded.h"

namespace residency::guard {
namespace {

constexpr std::size_t kDecodeBytesMax = 64 * 1024;
constexpr float kTellingWeight = 0.6F;  // a word that weighs more may begin something forbidden
constexpr int kDisguisedMin = 3;

/// Concepts that make a sentence suspicious by themselves.
constexpr std::array<std::string_view, 27> kHotConcepts{
    "bomb",      "toxin",     "gun",    "blade",     "kill",      "hurt",      "hide",
    "gore",      "drugmake",  "rxdrug", "forge",     "steal",     "fraud",     "hack",
    "getdrugs",  "roofie",    "sexact", "sexbody",   "sexmood",   "group",     "dehumanise",
    "persecute", "racistask", "insult", "profanity", "humiliate", "death_wish"};

/// The commonest words, which are no names though some are surnames.
bool is_function_word(std::string_view word) {
  static const std::unordered_set<std::string_view> kWords{
      "the",   "a",     "an",    "and",     "or",      "but",    "of",      "to",    "in",
      "on",    "at",    "for",   "with",    "by",      "from",   "as",      "is",    "are",
      "was",   "were",  "be",    "been",    "being",   "it",     "its",     "this",  "that",
      "these", "those", "there", "here",    "he",      "she",    "they",    "we",    "you",
      "your",  "his",   "her",   "their",   "our",     "has",    "have",    "had",   "do",
      "does",  "did",   "can",   "could",   "should",  "would",  "will",    "may",   "might",
      "must",  "not",   "no",    "so",      "if",      "then",   "than",    "when",  "while",
      "which", "who",   "what",  "how",     "why",     "where",  "because", "also",  "more",
      "most",  "less",  "such",  "some",    "any",     "all",    "each",    "every", "other",
      "only",  "very",  "often", "usually", "first",   "second", "before",  "after", "during",
      "about", "into",  "over",  "under",   "between", "both",   "either",  "yes",   "please",
      "i",     "me",    "my",    "us",      "them",    "him",    "up",      "down",  "out",
      "too",   "just",  "well",  "good",    "best",    "new",    "old",     "long",  "day",
      "days",  "week",  "weeks", "month",   "months",  "year",   "years",   "time",  "times"};
  return kWords.contains(word);
}

bool is_due(std::size_t begin, std::size_t end, const Due& due) {
  return end > due.from && begin < due.to;
}

int this_year() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  return parts.tm_year + 1900;
}

}  // namespace

Inspector::Inspector(GuardPolicy policy) : policy_(std::move(policy)), words_(policy_.words) {
  for (const Topic& topic : policy_.topics) topics_.emplace_back(topic);
  for (const UserRegex& one : policy_.regexes) {
    regexes_.push_back(std::make_unique<re2::RE2>(one.pattern, re2::RE2::Quiet));
    output_regexes_ += one.output != Action::kOff ? 1 : 0;
  }
}

Result<std::unique_ptr<Inspector>> Inspector::open(const GuardPolicy& policy) {
  std::unique_ptr<Inspector> inspector(new Inspector(policy));
  for (const auto& regex : inspector->regexes_) {
    if (!regex->ok()) return invalid_argument("a guardrail's pattern is no RE2: " + regex->error());
  }
  const RailSetting& phi = policy.rail(Rail::kPhi);
  if (phi.input != Action::kOff || phi.output != Action::kOff) {
    RESIDENCY_TRY(auto detector, deid::Detector::open());
    inspector->phi_ = std::make_unique<PhiRail>(std::move(detector), policy);
  }
  return inspector;
}

Action Inspector::action_of(Rail rail, Direction direction) const {
  const RailSetting& setting = policy_.rail(rail);
  return direction == Direction::kInput ? setting.input : setting.output;
}

bool Inspector::on(Rail rail, Direction direction) const {
  return action_of(rail, direction) != Action::kOff;
}

Finding Inspector::made(std::string policy, std::string name, std::size_t begin, std::size_t end,
                        double score, Action action, bool dry_run) const {
  Finding finding;
  finding.policy = std::move(policy);
  finding.name = std::move(name);
  finding.begin = begin;
  finding.end = end;
  finding.score = score;
  finding.action = action;
  finding.dry_run = dry_run || policy_.dry_run;
  return finding;
}

void Inspector::add_content(const GuardText& text, Direction direction, const Due& due,
                            bool decoded, std::size_t begin, std::size_t end,
                            std::vector<Finding>& out) const {
  const std::vector<Word>& words = text.words();
  if (words.empty()) return;
  const std::vector<ConceptHit> hits = ConceptTable::embedded().find(words);
  struct Best {
    float score = 0;
    std::size_t begin = 0;
    std::size_t end = 0;
  };
  std::array<Best, kCategoryCount> best{};
  for (const Segment& segment : text.segments()) {
    const std::size_t from = words[segment.first].begin;
    const std::size_t to = words[segment.last - 1].end;
    if (!decoded && !is_due(from, to, due)) continue;
    CategoryScores scores = ContentModel::embedded().score(features_of(words, hits, segment));
    require_evidence(hits, segment, scores);
    const CategoryScores rules = ContentRules::embedded().score(hits, segment);
    for (std::size_t c = 0; c < kCategoryCount; ++c) {
      const float score = std::max(scores[c], rules[c]);
      if (score > best[c].score) best[c] = {score, from, to};
    }
  }
  auto& attack = best[static_cast<std::size_t>(Category::kPromptAttack)];
  // Who writes instructions in disguise wants them not to be seen.
  if ((decoded || text.disguised() >= kDisguisedMin) && attack.score > 0.25F)
    attack.score = std::max(attack.score, 0.9F);
  for (std::size_t c = 0; c < kCategoryCount; ++c) {
    const auto category = static_cast<Category>(c);
    Action action = Action::kOff;
    bool dry_run = false;
    double threshold = 2;
    if (category == Category::kCrisis || category == Category::kEmergency) {
      const Rail rail = category == Category::kCrisis ? Rail::kCrisis : Rail::kEmergency;
      action = action_of(rail, direction);
      threshold = policy_.rail(rail).threshold;
      dry_run = policy_.rail(rail).dry_run;
    } else {
      const ContentSetting& one = policy_.content[c];
      const bool input = direction == Direction::kInput;
      threshold = strength_threshold(input ? one.input : one.output);
      action = input ? one.input_action : one.output_action;
      dry_run = one.dry_run;
    }
    if (action == Action::kOff || best[c].score < threshold) continue;
    const bool rail = category == Category::kCrisis || category == Category::kEmergency;
    const std::string name(category_name(category));
    out.push_back(made(rail ? name : "content." + name, name, decoded ? begin : best[c].begin,
                       decoded ? end : best[c].end, best[c].score, action, dry_run));
  }
}

void Inspector::add_lists(const GuardText& text, Direction direction, const Due& due,
                          std::vector<Finding>& out) const {
  const std::vector<Word>& words = text.words();
  const auto add_words = [&](const WordList& list, Rail rail, std::string_view policy) {
    if (!on(rail, direction)) return;
    for (const WordHit& hit : list.find(words)) {
      const std::size_t begin = words[hit.first].begin;
      const std::size_t end = words[hit.last - 1].end;
      if (is_due(begin, end, due))
        out.push_back(made(std::string(policy), std::to_string(hit.entry), begin, end, 1,
                           action_of(rail, direction), policy_.rail(rail).dry_run));
    }
  };
  if (!policy_.words.empty()) add_words(words_, Rail::kWords, "words");
  add_words(WordList::profanity(), Rail::kProfanity, "profanity");
  if (!on(Rail::kTopics, direction)) return;
  for (std::size_t i = 0; i < topics_.size(); ++i) {
    double best = 0;
    Segment where{};
    for (const Segment& segment : text.segments()) {
      if (!is_due(words[segment.first].begin, words[segment.last - 1].end, due)) continue;
      const double score = topics_[i].score(words, segment);
      if (score > best) {
        best = score;
        where = segment;
      }
    }
    if (best >= policy_.rail(Rail::kTopics).threshold)
      out.push_back(made("topics", policy_.topics[i].name, words[where.first].begin,
                         words[where.last - 1].end, best, policy_.topics[i].action,
                         policy_.rail(Rail::kTopics).dry_run));
  }
}

void Inspector::inspect_words(std::string_view text, Direction direction, const Due& due,
                              std::vector<Finding>& out) const {
  const GuardText guard_text(text);
  add_content(guard_text, direction, due, false, 0, 0, out);
  add_lists(guard_text, direction, due, out);
  if (text.size() > kDecodeBytesMax) return;
  for (const Decoded& one : decode_runs(text)) {
    if (!is_due(one.begin, one.end, due)) continue;
    add_content(GuardText(one.text), direction, due, true, one.begin, one.end, out);
  }
}

Result<void> Inspector::inspect_spans(std::string_view text, Direction direction,
                                      const KnownIdentifiers& known, const Due& due,
                                      std::vector<Finding>& out) const {
  if (phi_ != nullptr && phi_->on(direction)) {
    RESIDENCY_TRY(const auto found, phi_->find(text, direction, known));
    for (const PhiFinding& one : found) {
      if (is_due(one.begin, one.end, due))
        out.push_back(made("phi", one.type, one.begin, one.end, one.score, one.action,
                           policy_.rail(Rail::kPhi).dry_run));
    }
  }
  if (!on(Rail::kRegexes, direction)) return {};
  const re2::StringPiece whole(text.data(), text.size());
  for (std::size_t i = 0; i < regexes_.size(); ++i) {
    const UserRegex& one = policy_.regexes[i];
    const Action action = direction == Direction::kInput ? one.input : one.output;
    if (action == Action::kOff) continue;
    re2::StringPiece match;
    for (std::size_t at = 0; at < text.size();) {
      if (!regexes_[i]->Match(whole, at, text.size(), re2::RE2::UNANCHORED, &match, 1)) break;
      const auto begin = static_cast<std::size_t>(match.data() - text.data());
      const std::size_t end = begin + match.size();
      at = std::max(end, at + 1);
      if (match.empty() || !is_due(begin, end, due)) continue;
      out.push_back(
          made("regexes", one.name, begin, end, 1, action, policy_.rail(Rail::kRegexes).dry_run));
    }
  }
  return {};
}

void Inspector::inspect_clinical(std::string_view text, Direction direction,
                                 const Conversation& conversation, const Due& due, Action least,
                                 Action most, std::vector<Finding>& out) const {
  const auto run = [&](Rail rail, auto check) {
    const Action action = action_of(rail, direction);
    if (action == Action::kOff || action < least || action > most) return;
    const RailSetting& setting = policy_.rail(rail);
    for (Finding& finding : check()) {
      if (finding.score < setting.threshold || !is_due(finding.begin, finding.end, due)) continue;
      finding.action = action;
      finding.dry_run = setting.dry_run || policy_.dry_run;
      out.push_back(std::move(finding));
    }
  };
  run(Rail::kDose, [&] { return check_doses(text, conversation); });
  run(Rail::kInteractions, [&] { return check_interactions(text, conversation); });
  run(Rail::kAllergies, [&] { return check_allergies(text, conversation); });
  run(Rail::kCodes, [&] { return check_codes(text, policy_.codes_also); });
  run(Rail::kCitations, [&] { return check_citations(text, conversation, this_year()); });
  run(Rail::kContradiction, [&] { return check_contradictions(text, conversation); });
  run(Rail::kScope, [&] { return check_scope(text); });
}

KnownIdentifiers Inspector::known_of(const Conversation& conversation) const {
  if (phi_ == nullptr || !phi_->on(Direction::kOutput)) return {};
  return phi_->known_of(conversation);
}

bool Inspector::is_plain(const std::string& word, const KnownIdentifiers& known) const {
  const deid::Dictionary& dictionary = deid::Dictionary::embedded();
  if (!is_function_word(word)) {
    if (word.size() < 3 || !dictionary.is_word(word) || dictionary.is_given(word) ||
        dictionary.is_surname(word) || dictionary.is_city(word))
      return false;
    const std::string stem = stem_of(word);
    const ConceptTable& concepts = ConceptTable::embedded();
    static const std::vector<ConceptId> kHot = [&] {
      std::vector<ConceptId> ids;
      for (const std::string_view name : kHotConcepts) {
        if (const auto id = concepts.named(name)) ids.push_back(*id);
      }
      return ids;
    }();
    Word one;
    one.text = word;
    one.stem = stem;
    if (concepts.begins_any(stem, kHot)) return false;
    const std::vector<Feature> features = features_of({one}, {}, {0, 1});
    for (std::size_t c = 0; c < 6; ++c) {
      if (policy_.content[c].output != Strength::kNone &&
          ContentModel::embedded().weight(features.front().bucket, static_cast<Category>(c)) >
              kTellingWeight)
        return false;
    }
    if (DrugTable::embedded().begins(word)) return false;
    for (const TopicMatcher& topic : topics_) {
      if (topic.has_stem(stem)) return false;
    }
  }
  if (words_.begins(word) || WordList::profanity().begins(word)) return false;
  if (!spelled_runs(word + " " + word + " " + word).empty() && word.size() > 1) return false;
  return std::none_of(known.squeezed.begin(), known.squeezed.end(), [&](const auto& one) {
    return one.first.find(word) != std::string::npos || word.find(one.first) != std::string::npos;
  });
}

}  // namespace residency::guard
