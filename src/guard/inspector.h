// Inspector: all rails of a policy over one text.
#pragma once

#include <memory>
#include <optional>
#include <re2/re2.h>
#include <string>
#include <string_view>
#include <vector>

#include "guard/content/content_model.h"
#include "guard/content/topic_matcher.h"
#include "guard/content/word_list.h"
#include "guard/conversation.h"
#include "guard/finding.h"
#include "guard/phi/phi_rail.h"
#include "guard/policy/guard_policy.h"

namespace residency::guard {

/// Which bytes of the text are news: findings that end before `from` or begin at or after `to` were
/// told already or are not due yet.
struct Due {
  std::size_t from = 0;
  std::size_t to = std::string_view::npos;
};

class Inspector {
 public:
  static Result<std::unique_ptr<Inspector>> open(const GuardPolicy& policy);

  const GuardPolicy& policy() const { return policy_; }
  bool on(Rail rail, Direction direction) const;

  /// Content, topics, words: what is judged by segments and words.
  void inspect_words(std::string_view text, Direction direction, const Due& due,
                     std::vector<Finding>& out) const;
  /// Identifiers and the user's regexes. kInternal where the detector failed.
  Result<void> inspect_spans(std::string_view text, Direction direction,
                             const KnownIdentifiers& known, const Due& due,
                             std::vector<Finding>& out) const;
  /// The clinical rails whose action is at least `least`.
  void inspect_clinical(std::string_view text, Direction direction,
                        const Conversation& conversation, const Due& due, Action least, Action most,
                        std::vector<Finding>& out) const;

  KnownIdentifiers known_of(const Conversation& conversation) const;
  /// A lower-case word that no rail of the output can begin with.
  bool is_plain(const std::string& word, const KnownIdentifiers& known) const;
  /// False where a regex of the user's may begin with any word.
  bool has_plain_words() const { return output_regexes_ == 0; }
  Action action_of(Rail rail, Direction direction) const;

 private:
  explicit Inspector(GuardPolicy policy);
  void add_content(const GuardText& text, Direction direction, const Due& due, bool decoded,
                   std::size_t begin, std::size_t end, std::vector<Finding>& out) const;
  void add_lists(const GuardText& text, Direction direction, const Due& due,
                 std::vector<Finding>& out) const;
  Finding made(std::string policy, std::string name, std::size_t begin, std::size_t end,
               double score, Action action, bool dry_run) const;

  GuardPolicy policy_;
  std::vector<TopicMatcher> topics_;
  WordList words_;
  std::vector<std::unique_ptr<re2::RE2>> regexes_;
  int output_regexes_ = 0;
  std::unique_ptr<PhiRail> phi_;
};

}  // namespace residency::guard
