// Grammar: the rules from which notes are written. A rule is a name and its alternatives:
//
//   hpi
//     {age}-year-old {sex} with [a history of|known] {dx}.
//     *3 Presents with {cc}.
//
// `*3 ` weighs an alternative, `[a|b]` chooses in place, `\n` ends a line, `\t` is a tab, `\`
// quotes another character. {name} is a rule or, where there is none, a slot that the note's writer
// fills; {name:argument} passes an argument to a slot. {^name} starts with a capital, {?60 name} is
// there in 60 of 100 notes, {% a b c} takes all the named in random order.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "synth/random.h"

namespace residency::synth {

/// A parsed alternative.
struct TemplatePart {
  enum class Kind : std::uint8_t { kText, kReference, kChoice };
  Kind kind = Kind::kText;
  std::string text;                                // kText: the text; kReference: the name
  std::string argument;                            // kReference: what follows ':'
  bool capital = false;                            // kReference
  int percent = 100;                               // kReference
  std::vector<std::string> all;                    // kReference: the names of {% ...}
  std::vector<std::vector<TemplatePart>> choices;  // kChoice
};
using Template = std::vector<TemplatePart>;

/// Parses one alternative; errors say what is wrong and at which byte.
Result<Template> parse_template(std::string_view text);

/// Takes what an expansion writes.
class TemplateSink {
 public:
  virtual ~TemplateSink() = default;
  virtual void text(std::string_view text) = 0;
  virtual void slot(std::string_view name, std::string_view argument) = 0;
  virtual std::size_t position() = 0;
  virtual void capitalise_at(std::size_t position) = 0;
};

class Grammar {
 public:
  /// Adds the rules of one file; `name` is what errors call it. A rule may stand only once.
  Result<void> add(std::string_view rules, std::string_view name);
  bool has(std::string_view rule) const { return rules_.find(rule) != rules_.end(); }
  /// Writes one random expansion of `rule`; nothing where there is no such rule.
  void expand(std::string_view rule, Random& random, TemplateSink& sink) const;
  void expand(const Template& parts, Random& random, TemplateSink& sink) const;
  /// Every name that is referred to but is no rule: the slots.
  std::vector<std::string> slots() const;

 private:
  struct Alternative {
    Template parts;
    int weight = 1;
  };
  struct Rule {
    std::vector<Alternative> alternatives;
    int weight = 0;
  };
  void expand(const Template& parts, Random& random, TemplateSink& sink, int depth) const;
  void expand_name(std::string_view name, std::string_view argument, Random& random,
                   TemplateSink& sink, int depth) const;
  void reference(const TemplatePart& part, Random& random, TemplateSink& sink, int depth) const;

  std::map<std::string, Rule, std::less<>> rules_;
};

}  // namespace residency::synth
