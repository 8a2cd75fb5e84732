#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <map>
#include <set>

#include "guard/clinical/clinical_rails.h"
#include "guard/clinical/dose_text.h"
#include "guard/clinical/finding_table.h"

namespace residency::guard {
namespace {

constexpr std::uint32_t kSideReach = 3;
constexpr double kClaimSupported = 0.5;
constexpr std::size_t kClaimWordsMin = 3;

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// A body part's stem with the sides a text gives it.
std::map<std::string, std::set<std::string>> sides_of(
    const GuardText& text, std::map<std::string, std::pair<std::uint32_t, std::uint32_t>>* places) {
  static const std::set<std::string> kParts = [] {
    std::set<std::string> parts;
    for (const char* part :
         {"arm",         "leg",        "hand",          "foot",      "knee",       "hip",
          "shoulder",    "elbow",      "wrist",         "ankle",     "eye",        "ear",
          "kidney",      "lung",       "breast",        "ovary",     "testicle",   "testis",
          "lobe",        "femur",      "tibia",         "fibula",    "humerus",    "radius",
          "ulna",        "clavicle",   "hemisphere",    "ventricle", "atrium",     "carotid",
          "thigh",       "calf",       "groin",         "flank",     "quadrant",   "side",
          "nephrectomy", "mastectomy", "hemiparesis",   "weakness",  "effusion",   "pneumothorax",
          "thumb",       "finger",     "toe",           "cheek",     "temple",     "jaw",
          "lower",       "upper",      "adrenal",       "ureter",    "hemithorax", "bundle",
          "hernia",      "iliac",      "heart",         "base",      "apex",       "axilla",
          "buttock",     "heel",       "forearm",       "face",      "facial",     "pleural",
          "renal",       "inguinal",   "hemicolectomy", "knees",     "hips"})
      parts.insert(stem_of(part));
    return parts;
  }();
  std::map<std::string, std::set<std::string>> sides;
  const std::vector<Word>& words = text.words();
  for (const Segment& sentence : text.sentences()) {
    for (std::uint32_t i = sentence.first; i < sentence.last; ++i) {
      std::string side;
      if (is_one_of(words[i].text, {"left", "lt", "l"})) side = "left";
      if (is_one_of(words[i].text, {"right", "rt", "r"})) side = "right";
      if (is_one_of(words[i].text, {"bilateral", "both"})) side = "both";
      if (side.empty()) continue;
      const auto take = [&](std::uint32_t k) {
        const std::string& stem = words[k].stem;
        if (!kParts.contains(stem)) return;
        sides[stem].insert(side);
        if (places != nullptr) (*places)[stem + "|" + side] = {words[i].begin, words[k].end};
      };
      for (std::uint32_t k = i + 1; k < std::min(sentence.last, i + 1 + kSideReach); ++k) take(k);
    }
  }
  return sides;
}

Finding contradiction(std::string_view name, std::size_t begin, std::size_t end, double score,
                      std::string note) {
  Finding finding;
  finding.policy = "contradiction";
  finding.name = name;
  finding.begin = begin;
  finding.end = end;
  finding.score = score;
  finding.note = std::move(note);
  return finding;
}

bool is_stop_word(const std::string& word) {
  static const std::set<std::string, std::less<>> kStop{
      "the",     "a",     "an",     "and",       "or",     "of",       "to",      "in",
      "on",      "at",    "for",    "with",      "by",     "is",       "are",     "was",
      "were",    "be",    "been",   "has",       "have",   "had",      "it",      "its",
      "this",    "that",  "these",  "those",     "as",     "from",     "he",      "she",
      "his",     "her",   "they",   "their",     "you",    "your",     "i",       "we",
      "patient", "will",  "would",  "can",       "may",    "should",   "also",    "than",
      "then",    "there", "which",  "who",       "what",   "how",      "do",      "does",
      "did",     "not",   "no",     "but",       "if",     "so",       "about",   "after",
      "before",  "per",   "me",     "my",        "due",    "s",        "please",  "given",
      "note",    "based", "source", "according", "states", "reported", "reports", "mentioned"};
  return kStop.contains(word);
}

/// The content stems and numbers of a sentence.
struct Claim {
  std::set<std::string> stems;
  std::set<std::string> numbers;
  std::set<std::string> drugs;
  std::map<std::uint16_t, Polarity> findings;
  std::size_t begin = 0;
  std::size_t end = 0;
};

std::vector<Claim> claims_of(std::string_view text) {
  std::vector<Claim> claims;
  const GuardText guard_text(text);
  const std::vector<Word>& words = guard_text.words();
  const std::vector<DrugMention> drugs = DrugTable::embedded().find(words);
  const std::vector<FindingMention> findings = FindingTable::embedded().find(guard_text);
  for (const Segment& sentence : guard_text.sentences()) {
    Claim claim;
    claim.begin = words[sentence.first].begin;
    claim.end = words[sentence.last - 1].end;
    for (std::uint32_t i = sentence.first; i < sentence.last; ++i) {
      const std::string& word = words[i].text;
      if (word[0] >= '0' && word[0] <= '9') {
        claim.numbers.insert(word);
      } else if (!is_stop_word(word)) {
        claim.stems.insert(words[i].stem);
      }
    }
    for (const DrugMention& drug : drugs) {
      if (drug.first >= sentence.first && drug.last <= sentence.last) claim.drugs.insert(drug.drug);
    }
    for (const FindingMention& finding : findings) {
      if (finding.first >= sentence.first && finding.last <= sentence.last)
        claim.findings[finding.id] = finding.polarity;
    }
    claims.push_back(std::move(claim));
  }
  return claims;
}

template <class Set>
double share_in(const Set& part, const Set& whole) {
  if (part.empty()) return 1;
  std::size_t in = 0;
  for (const auto& one : part) in += whole.contains(one) ? 1 : 0;
  return static_cast<double>(in) / static_cast<double>(part.size());
}

}  // namespace

std::vector<Finding> check_contradictions(std::string_view text, const Conversation& conversation) {
  std::vector<Finding> out;
  if (conversation.sources.empty()) return out;
  const FindingTable& table = FindingTable::embedded();
  std::map<std::uint16_t, std::set<Polarity>> said;
  std::map<std::string, std::set<std::string>> sides;
  for (const std::string& source : conversation.sources) {
    const GuardText words(source);
    for (const FindingMention& one : table.find(words)) said[one.id].insert(one.polarity);
    for (const auto& [part, of] : sides_of(words, nullptr))
      sides[part].insert(of.begin(), of.end());
  }
  const GuardText guard_text(text);
  for (const FindingMention& one : table.find(guard_text)) {
    const auto source = said.find(one.id);
    if (source == said.end() || source->second.size() != 1 || one.polarity == Polarity::kUncertain)
      continue;
    const Polarity there = *source->second.begin();
    if (there == Polarity::kUncertain || there == one.polarity) continue;
    out.push_back(contradiction("negation", guard_text.words()[one.first].begin,
                                guard_text.words()[one.last - 1].end, 0.9,
                                fmt::format("{}: the source {} it", table.name(one.id),
                                            there == Polarity::kDenied ? "denies" : "asserts")));
  }
  std::map<std::string, std::pair<std::uint32_t, std::uint32_t>> places;
  for (const auto& [part, of] : sides_of(guard_text, &places)) {
    const auto source = sides.find(part);
    if (source == sides.end()) continue;
    for (const std::string& side : of) {
      if (source->second.contains(side) || source->second.contains("both")) continue;
      const auto& [begin, end] = places.at(part + "|" + side);
      out.push_back(
          contradiction("laterality", begin, end, 0.9,
                        fmt::format("{}: the source says {}", part, *source->second.begin())));
    }
  }
  return out;
}

Grounding check_grounding(std::string_view text, const Conversation& conversation) {
  Grounding result;
  const std::vector<Claim> claims = claims_of(text);
  std::set<std::string> asked;
  for (const Claim& claim : claims_of(conversation.question()))
    asked.insert(claim.stems.begin(), claim.stems.end());
  std::set<std::string> answered;
  for (const Claim& claim : claims) answered.insert(claim.stems.begin(), claim.stems.end());
  if (!asked.empty()) {
    std::set<std::string> context = answered;
    result.relevance = share_in(asked, context);
  }
  if (conversation.sources.empty()) return result;
  std::vector<Claim> sources;
  for (const std::string& source : conversation.sources) {
    std::vector<Claim> some = claims_of(source);
    std::move(some.begin(), some.end(), std::back_inserter(sources));
  }
  Claim all;
  for (const Claim& source : sources) {
    all.stems.insert(source.stems.begin(), source.stems.end());
    all.numbers.insert(source.numbers.begin(), source.numbers.end());
    all.drugs.insert(source.drugs.begin(), source.drugs.end());
  }
  double sum = 0;
  double worst = 1;
  std::size_t count = 0;
  for (const Claim& claim : claims) {
    if (claim.stems.size() + claim.numbers.size() < kClaimWordsMin) continue;
    double overlap = 0;
    for (const Claim& source : sources)
      overlap = std::max(overlap, share_in(claim.stems, source.stems));
    overlap = 0.5 * overlap + 0.5 * share_in(claim.stems, all.stems);
    const double numbers = share_in(claim.numbers, all.numbers);
    const double drugs = share_in(claim.drugs, all.drugs);
    double score = std::min(1.0, overlap * 1.25);
    if (numbers < 1) score *= 0.4;
    if (drugs < 1) score *= 0.3;
    for (const auto& [id, polarity] : claim.findings) {
      bool same = false;
      bool other = false;
      for (const Claim& source : sources) {
        const auto found = source.findings.find(id);
        if (found == source.findings.end()) continue;
        (found->second == polarity ? same : other) = true;
      }
      if (other && !same) score *= 0.3;
    }
    sum += score;
    worst = std::min(worst, score);
    ++count;
    if (score < kClaimSupported) {
      Finding finding;
      finding.policy = "grounding";
      finding.name = "claim";
      finding.begin = claim.begin;
      finding.end = claim.end;
      finding.score = 1 - score;
      finding.note = fmt::format("a claim is supported to {:.2f}", score);
      result.claims.push_back(std::move(finding));
    }
  }
  if (count > 0) result.grounding = (sum / static_cast<double>(count) + 2 * worst) / 3;
  return result;
}

std::vector<Finding> check_scope(std::string_view text) {
  static constexpr std::array<std::string_view, 12> kDiagnoses{
      "you have",       "you are suffering from", "you suffer from",     "your diagnosis is",
      "you've got",     "this is definitely",     "you definitely have", "it is certainly",
      "you are having", "you certainly have",     "you do not have",     "you don't have"};
  std::vector<Finding> out;
  const GuardText guard_text(text);
  const std::vector<FindingMention> findings = FindingTable::embedded().find(guard_text);
  const std::vector<Word>& words = guard_text.words();
  for (const Segment& sentence : guard_text.sentences()) {
    std::string joined;
    for (std::uint32_t i = sentence.first; i < sentence.last; ++i) joined += " " + words[i].text;
    joined += " ";
    const bool says = std::any_of(kDiagnoses.begin(), kDiagnoses.end(), [&](std::string_view one) {
      return joined.find(" " + std::string(one) + " ") != std::string::npos;
    });
    const bool conditional = joined.find(" if ") != std::string::npos ||
                             joined.find(" when ") != std::string::npos ||
                             joined.find(" may ") != std::string::npos;
    if (!says || conditional) continue;
    for (const FindingMention& one : findings) {
      if (one.first < sentence.first || one.last > sentence.last) continue;
      Finding finding;
      finding.policy = "scope";
      finding.name = "diagnosis";
      finding.begin = words[sentence.first].begin;
      finding.end = words[sentence.last - 1].end;
      finding.score = 0.8;
      finding.note = "a diagnosis is stated";
      out.push_back(std::move(finding));
      break;
    }
  }
  return out;
}

}  // namespace residency::guard
