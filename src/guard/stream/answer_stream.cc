#include "guard/stream/answer_stream.h"

#include <algorithm>
#include <fmt/format.h>

#include "guard/clinical/clinical_rails.h"
#include "guard/text/decoded.h"

namespace residency::guard {
namespace {

constexpr std::size_t kContextBytes = 512;   // of what has left, as context of a look
constexpr std::size_t kStepBytes = 64;       // between two looks
constexpr std::size_t kRunBytesMax = 16384;  // a longer run without white space is no answer
constexpr std::size_t kAnswerBytesMax = 4u << 20;
constexpr std::size_t kSentenceBytesMax = 2048;

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }
bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool acts(const Finding& finding) { return !finding.dry_run; }

bool blocks(const Finding& finding) { return acts(finding) && finding.action >= Action::kBlock; }

std::string mask_of(const Finding& finding) { return fmt::format("[{}]", finding.name); }

}  // namespace

std::string masked(std::string_view text, std::vector<Finding> findings) {
  std::erase_if(findings,
                [](const Finding& one) { return !acts(one) || one.action != Action::kMask; });
  std::sort(findings.begin(), findings.end(),
            [](const Finding& a, const Finding& b) { return a.begin < b.begin; });
  std::string out;
  std::size_t past = 0;
  for (const Finding& one : findings) {
    if (one.begin < past) continue;
    out += text.substr(past, one.begin - past);
    out += mask_of(one);
    past = one.end;
  }
  out += text.substr(past);
  return out;
}

AnswerStream::AnswerStream(const Inspector& inspector, Conversation conversation)
    : inspector_(inspector),
      conversation_(std::move(conversation)),
      known_(inspector.known_of(conversation_)) {
  const GuardPolicy& policy = inspector.policy();
  const auto judges = [&](Rail rail) {
    return !policy.dry_run && !policy.rail(rail).dry_run &&
           policy.rail(rail).output >= Action::kMask;
  };
  hold_all_ = (judges(Rail::kGrounding) && !conversation_.sources.empty()) ||
              judges(Rail::kRelevance) || judges(Rail::kAbstain);
}

Outcome AnswerStream::outcome() const {
  if (blocked_) return Outcome::kBlocked;
  return changed_ ? Outcome::kMasked : Outcome::kPass;
}

/// Told once, however often a look finds it.
void AnswerStream::tell(const Finding& finding) {
  const auto same = [&](const Finding& one) {
    return one.policy == finding.policy && one.name == finding.name && one.begin < finding.end &&
           finding.begin < one.end;
  };
  if (std::none_of(findings_.begin(), findings_.end(), same)) findings_.push_back(finding);
}

std::string AnswerStream::block() {
  blocked_ = true;
  const std::string& message = inspector_.policy().blocked_output;
  const std::string out = sent_ ? "\n\n" + message : message;
  sent_ = true;
  return out;
}

/// How far the answer is plain words: up to the white space after the last one.
std::size_t AnswerStream::plain_border() const {
  if (hold_all_ || !inspector_.has_plain_words()) return left_;
  std::size_t border = left_;
  std::size_t i = left_;
  while (i < all_.size()) {
    std::size_t end = i;
    std::string word;
    while (end < all_.size() && !is_space(all_[end])) ++end;
    if (end == all_.size()) break;  // the word may go on
    for (std::size_t k = i; k < end; ++k) word += lower(all_[k]);
    // A large letter begins a sentence, else it may begin a name.
    const bool large = end > i && all_[i] >= 'A' && all_[i] <= 'Z';
    const bool starts = i == 0 || all_[i - 1] == '\n' ||
                        (i >= 2 && (all_[i - 2] == '.' || all_[i - 2] == ':' ||
                                    all_[i - 2] == '!' || all_[i - 2] == '?'));
    while (!word.empty() && (word.back() == ',' || word.back() == '.' || word.back() == ';' ||
                             word.back() == ':' || word.back() == '?'))
      word.pop_back();
    if (!word.empty()) {
      const bool letters = std::all_of(word.begin(), word.end(),
                                       [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; });
      if (!letters || (large && !starts) || !inspector_.is_plain(word, known_)) break;
    }
    while (end < all_.size() && is_space(all_[end])) ++end;
    border = i = end;
  }
  return border;
}

/// White space a window before the end.
std::size_t AnswerStream::window_border() const {
  const auto window = static_cast<std::size_t>(inspector_.policy().window_bytes);
  if (hold_all_ || all_.size() < left_ + window + kStepBytes) return left_;
  std::size_t border = all_.size() - window;
  // Encoded text is judged whole.
  border = std::min(border, open_run(all_));
  while (border > left_ && !is_space(all_[border - 1])) --border;
  return border;
}

std::string AnswerStream::feed(std::string_view piece) {
  if (blocked_) return "";
  if (all_.size() + piece.size() > kAnswerBytesMax) return block();
  all_ += piece;
  std::string out;
  if (const std::size_t border = plain_border(); border > left_) {
    out = all_.substr(left_, border - left_);
    left_ = border;
    looked_ = std::max(looked_, left_);
    sent_ = true;
  }
  if (all_.size() < looked_ + kStepBytes) return out;
  const std::size_t border = window_border();
  if (border <= left_) {
    const std::size_t run = all_.size() - left_;
    if (!hold_all_ && run >= kRunBytesMax) out += block();
    return out;
  }
  looked_ = all_.size();
  out += look(border, false);
  return out;
}

/// Runs the rails over what is held with its context, then lets go what stands before the border
/// and in no finding that reaches over it.
std::string AnswerStream::look(std::size_t border, bool last) {
  std::size_t from = left_ - std::min(left_, kContextBytes);
  // The context begins with its sentence, where that is not too long.
  for (std::size_t back = 0; from > 0 && back < kSentenceBytesMax; ++back, --from) {
    if (all_[from - 1] == '\n' || (from >= 2 && all_[from - 2] == '.' && is_space(all_[from - 1])))
      break;
  }
  while (from < all_.size() && is_continuation(all_[from])) ++from;
  const std::string_view text = std::string_view(all_).substr(from);
  std::vector<Finding> found;
  const Due held{left_ - from, std::string_view::npos};
  // A sentence is judged once any of it may leave; what is not finished is judged as it stands.
  const Due leaving{left_ - from, border - from};
  const auto spans = inspector_.inspect_spans(text, Direction::kOutput, known_, held, found);
  if (!spans.ok()) return block();
  inspector_.inspect_words(text, Direction::kOutput, leaving, found);
  inspector_.inspect_clinical(text, Direction::kOutput, conversation_, held, Action::kMask,
                              Action::kAnswer, found);
  for (Finding& finding : found) {
    finding.begin += from;
    finding.end += from;
  }
  std::stable_sort(found.begin(), found.end(), [](const Finding& a, const Finding& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.action > b.action;
  });
  // No span that acts may lie across the border.
  for (bool moved = !last; moved;) {
    moved = false;
    for (const Finding& one : found) {
      if (!acts(one) || one.action < Action::kMask || one.begin >= border || one.end <= border)
        continue;
      if (blocks(one)) continue;  // it ends the answer there
      border = std::max(one.begin, left_);
      moved = true;
    }
  }
  std::erase_if(found, [&](const Finding& one) { return one.begin >= border; });
  return release(border, found);
}

std::string AnswerStream::release(std::size_t border, const std::vector<Finding>& due) {
  std::string out;
  std::size_t past = left_;
  for (const Finding& one : due) {
    tell(one);
    if (!acts(one) || one.action < Action::kMask || one.end <= past) continue;
    const std::size_t begin = std::max(one.begin, past);
    if (begin >= border) continue;
    out += all_.substr(past, begin - past);
    past = begin;
    if (blocks(one)) {
      sent_ = sent_ || !out.empty();
      left_ = begin;
      return out + block();
    }
    out += mask_of(one);
    changed_ = true;
    past = std::min(one.end, border);
  }
  out += all_.substr(past, border - past);
  left_ = border;
  sent_ = sent_ || !out.empty();
  return out;
}

std::string AnswerStream::finish(std::optional<double> confidence) {
  if (blocked_) return "";
  std::string head;
  const GuardPolicy& policy = inspector_.policy();
  const RailSetting& abstain = policy.rail(Rail::kAbstain);
  if (abstain.output != Action::kOff && confidence && *confidence < abstain.threshold) {
    Finding finding;
    finding.policy = finding.name = "abstain";
    finding.end = all_.size();
    finding.score = 1 - *confidence;
    finding.action = abstain.output;
    finding.dry_run = abstain.dry_run || policy.dry_run;
    tell(finding);
    if (blocks(finding)) {
      blocked_ = true;
      left_ = all_.size();
      return policy.abstain_text;
    }
  }
  std::string tail = end_of_answer(confidence);
  if (blocked_) return tail;
  if (left_ < all_.size()) head = look(all_.size(), true);
  if (blocked_) return head;
  return head + tail;
}

/// What is judged of the whole answer: grounding and relevance, and the rails that warn.
std::string AnswerStream::end_of_answer(std::optional<double> confidence) {
  const GuardPolicy& policy = inspector_.policy();
  const RailSetting& grounding = policy.rail(Rail::kGrounding);
  const RailSetting& relevance = policy.rail(Rail::kRelevance);
  if (grounding.output != Action::kOff || relevance.output != Action::kOff) {
    const Grounding result = check_grounding(all_, conversation_);
    grounding_ = result.grounding;
    relevance_ = result.relevance;
    const auto judge = [&](const RailSetting& setting, std::string_view name, double score) {
      if (setting.output == Action::kOff || score >= setting.threshold) return;
      Finding finding;
      finding.policy = finding.name = name;
      finding.end = all_.size();
      finding.score = score;
      finding.action = setting.output;
      finding.dry_run = setting.dry_run || policy.dry_run;
      tell(finding);
    };
    if (!conversation_.sources.empty()) judge(grounding, "grounding", grounding_);
    if (!conversation_.question().empty()) judge(relevance, "relevance", relevance_);
    if (std::any_of(findings_.begin(), findings_.end(), [](const Finding& one) {
          return (one.policy == "grounding" || one.policy == "relevance") && blocks(one);
        })) {
      left_ = all_.size();
      return block();
    }
  }
  std::vector<Finding> found;
  inspector_.inspect_clinical(all_, Direction::kOutput, conversation_, {}, Action::kDetect,
                              Action::kWarn, found);
  std::string warnings;
  const auto warn = [&](const std::string& line) {
    if (warnings.find(line) == std::string::npos) warnings += "\n- " + line;
  };
  bool scope = false;
  for (const Finding& finding : found) {
    tell(finding);
    if (!acts(finding) || finding.action != Action::kWarn) continue;
    if (finding.policy == "scope") {
      scope = true;
    } else {
      warn(finding.note);
    }
  }
  std::string out;
  if (!warnings.empty()) out += "\n\nCheck before use:" + warnings;
  if (scope) out += "\n\n" + policy.scope_text;
  const RailSetting& abstain = policy.rail(Rail::kAbstain);
  if (abstain.output == Action::kWarn && confidence && *confidence < abstain.threshold)
    out += "\n\n" + policy.abstain_text;
  changed_ = changed_ || !out.empty();
  return out;
}

}  // namespace residency::guard
