#include "deid/detect/name_finder.h"

#include <algorithm>
#include <optional>

#include "deid/detect/name_words.h"
#include "deid/detect/word_table.h"

namespace residency::deid {
namespace {

/// How much a word by itself looks like a name.
enum class Grade { kNone, kAmbiguous, kUnknown, kStrong };

/// A run of words that may be one person's name.
struct Run {
  std::size_t first = 0;
  std::size_t last = 0;  // one past
  std::size_t end = 0;   // byte
  int strong = 0;
  int unknown = 0;
  int words = 0;
  bool comma = false;
};

struct Context {
  PhiClass phi_class = PhiClass::kPatientName;
  bool firm = false;  // a title, label or credential; else only a hint
  std::string_view rule;
};

class Finder {
 public:
  Finder(std::string_view text, const std::vector<Token>& tokens, const Dictionary& dictionary)
      : text_(text), tokens_(tokens), dictionary_(dictionary) {
    grades_.reserve(tokens.size());
    for (const Token& token : tokens_) grades_.push_back(grade(token));
    for (std::size_t i = 1; i < tokens_.size(); ++i) {
      if (grades_[i] <= Grade::kAmbiguous && short_name(i) && leads_to_short_name(i))
        grades_[i] = Grade::kUnknown;
      // "pt Tin Cu": two of them.
      if (i >= 2 && tokens_[i - 2].lower == "pt" && grades_[i] <= Grade::kAmbiguous &&
          short_name(i - 1) && short_name(i) && gap(i - 1, i) == " ")
        grades_[i - 1] = grades_[i] = Grade::kUnknown;
    }
  }

  std::vector<Span> find() {
    for (std::size_t i = 0; i < tokens_.size();) {
      if (!can_start(i)) {
        ++i;
        continue;
      }
      const std::optional<Context> before = context_before(i);
      const bool firm = before && before->firm;
      if (grades_[i] == Grade::kNone && !firm && tokens_[i].letters > 1 &&
          !tokens_[i].is(kFlagParticle)) {
        ++i;
        continue;
      }
      const Run run = run_from(i, firm);
      const std::optional<Context> why = decide(run, before);
      if (!why) {
        ++i;
        continue;
      }
      spans_.push_back({tokens_[run.first].begin, run.end, why->phi_class, why->firm ? 0.95 : 0.75,
                        why->firm ? Reason::kContext : Reason::kDictionary, why->rule});
      i = run.last;
    }
    return std::move(spans_);
  }

 private:
  std::string_view gap(std::size_t left, std::size_t right) const {
    return text_.substr(tokens_[left].end, tokens_[right].begin - tokens_[left].end);
  }

  bool can_start(std::size_t i) const {
    const Token& token = tokens_[i];
    if (token.is(kFlagNeverName) && token.letters > 1) return false;
    if (token.begin > 0 &&
        (is_ascii_digit(text_[token.begin - 1]) || text_[token.begin - 1] == '@'))
      return false;
    if (token.is(kFlagParticle)) return i + 1 < tokens_.size();
    return token.capital;
  }

  static Grade graded(bool name, bool plain) {
    if (name) return plain ? Grade::kAmbiguous : Grade::kStrong;
    return plain ? Grade::kNone : Grade::kUnknown;
  }

  static Grade grade_word(std::string_view word) {
    const std::uint32_t flags = WordTable::embedded().flags(word_hash(word));
    return graded((flags & (kFlagGiven | kFlagSurname)) != 0, (flags & kFlagWord) != 0);
  }

  Grade grade(const Token& token) const {
    if (!token.capital || token.letters < 2 || token.is(kFlagNeverName) ||
        token.is(kFlagCredential))
      return Grade::kNone;
    Grade best = graded(token.is(kFlagGiven | kFlagSurname), token.is(kFlagWord));
    if (best == Grade::kStrong || best == Grade::kAmbiguous) return best;
    const std::size_t hyphen = token.lower.find('-');
    if (hyphen != std::string::npos) {
      const Grade left = grade_word(std::string_view(token.lower).substr(0, hyphen));
      const Grade right = grade_word(std::string_view(token.lower).substr(hyphen + 1));
      if (left == Grade::kNone || right == Grade::kNone) return Grade::kNone;
      return std::max(left, right) == Grade::kStrong ? Grade::kStrong : Grade::kUnknown;
    }
    if (best == Grade::kUnknown) {
      const std::string folded = fold(token.lower);
      if (folded != token.lower) best = std::max(best, grade_word(folded));
    }
    // Short capitals and words in one case only are rather abbreviations.
    if (best == Grade::kUnknown && token.all_capitals && token.letters <= 3) return Grade::kNone;
    return best;
  }

  static bool joins(std::string_view between, bool& line_break) {
    int breaks = 0;
    std::size_t spaces = 0;
    for (const char c : between) {
      if (c == '\n') ++breaks;
      if (!is_space(c)) return false;
      if (c == '\t') return false;
      ++spaces;
    }
    line_break = breaks > 0;
    return breaks <= 1 && spaces >= 1 && (breaks == 1 ? spaces <= 12 : spaces <= 1);
  }

  /// The longest run of name words from `first`; in a firm context plain words with a capital
  /// count.
  Run run_from(std::size_t first, bool firm) const {
    Run run{first, first, tokens_[first].end};
    for (std::size_t i = first; i < tokens_.size() && run.words < 6; ++i) {
      bool line_break = false;
      bool comma = false;
      if (i > first) {
        std::string_view between = gap(i - 1, i);
        const bool after_initial = tokens_[i - 1].letters == 1 ||
                                   tokens_[i - 1].is(kFlagNameSuffix) ||
                                   tokens_[i - 1].lower == "st";
        if (after_initial && !between.empty() && between[0] == '.') {
          between.remove_prefix(1);
          if (between.empty()) between = " ";
        } else if (!run.comma && !between.empty() && between[0] == ',') {
          comma = true;
          between.remove_prefix(1);
          if (between.empty()) between = " ";
        } else if (between == " \"" || between == " (" || between == "\" " || between == ") " ||
                   between == " '" || between == "' ") {
          between = " ";
        }
        if (!joins(between, line_break)) break;
      }
      if (!takes(run, i, firm, line_break, comma)) break;
      run.comma = run.comma || comma;
    }
    if (run.last < tokens_.size() && run.last > run.first && tokens_[run.last - 1].letters == 1 &&
        run.end < text_.size() && text_[run.end] == '.')
      ++run.end;
    return run;
  }

  bool takes(Run& run, std::size_t i, bool firm, bool line_break, bool comma) const {
    const Token& token = tokens_[i];
    const Grade own = grades_[i];
    const bool more = run.words > 0;
    if (token.is(kFlagCredential) && more && token.letters > 1) return false;
    if (token.is(kFlagNameSuffix) && more && token.capital) return take(run, i, own);
    if (token.letters == 1) {
      if (!token.capital || line_break || (comma && !firm)) return false;
      const bool dotted = token.end < text_.size() && text_[token.end] == '.';
      return (more || dotted || firm) && take(run, i, Grade::kNone);
    }
    const bool told = own == Grade::kUnknown && short_name(i);  // "his son Van"
    if (token.is(kFlagParticle) && own != Grade::kStrong && !told) {
      if (i + 1 >= tokens_.size() || !(tokens_[i + 1].capital || tokens_[i + 1].is(kFlagParticle)))
        return false;
      if (!token.capital && !more && !firm && !particle_name(i)) return false;
      bool broken = false;
      if (!joins(gap(i, i + 1), broken)) return false;
      return !line_break && take(run, i, Grade::kNone);
    }
    if (own == Grade::kNone &&
        !(firm && run.words == 0 && !token.is(kFlagWord) && !token.is(kFlagNeverName)))
      return false;
    if (line_break && own != Grade::kStrong && !(own == Grade::kUnknown && firm && run.words == 1))
      return false;
    if (comma && own != Grade::kStrong && !(firm && own != Grade::kNone)) return false;
    if (comma && own == Grade::kStrong && !firm && !token.is(kFlagGiven)) return false;
    return take(run, i, own);
  }

  /// "de la Cruz", "van den Berg": particles that no sentence has before a capital.
  bool particle_name(std::size_t i) const {
    const std::string& word = tokens_[i].lower;
    if (word == "do" || word == "st" || word == "ben" || word == "san" || word == "ten")
      return word == "ten" && i + 1 < tokens_.size() && grades_[i + 1] >= Grade::kUnknown &&
             !tokens_[i + 1].all_capitals;
    std::size_t next = i + 1;
    if (next < tokens_.size() && tokens_[next].is(kFlagParticle)) ++next;
    return next < tokens_.size() && grades_[next] >= Grade::kUnknown;
  }

  bool take(Run& run, std::size_t i, Grade own) const {
    run.last = i + 1;
    run.end = tokens_[i].end;
    ++run.words;
    if (own == Grade::kStrong) ++run.strong;
    if (own == Grade::kUnknown) ++run.unknown;
    return true;
  }

  std::optional<Context> context_before(std::size_t i) const {
    if (i == 0) return std::nullopt;
    const Token& prev = tokens_[i - 1];
    const std::string_view between = gap(i - 1, i);
    if (between.size() > 24 || std::count(between.begin(), between.end(), '\n') > 1)
      return std::nullopt;
    if (const auto titled = prev.is(kFlagTitle) ? title_class(prev.lower) : std::nullopt;
        titled &&
        (prev.capital || prev.lower == "nurse" || prev.lower == "doctor" || prev.lower == "dr" ||
         prev.lower == "mr" || prev.lower == "mrs" || prev.lower == "ms")) {
      const bool plain = std::all_of(between.begin(), between.end(),
                                     [](char c) { return is_space(c) || c == '.' || c == '/'; });
      if (plain) return Context{*titled, true, "name_title"};
    }
    const bool role = is_role(prev.lower) || prev.lower == "pt";
    if (role && (between == " " || between == ". " || between == "\n") &&
        grades_[i] >= (prev.lower == "pt" ? Grade::kUnknown : Grade::kAmbiguous) &&
        !(tokens_[i].all_capitals && grades_[i] < Grade::kStrong))
      return Context{prev.lower == "pt" ? PhiClass::kPatientName : PhiClass::kClinicianName, true,
                     "name_role"};
    const bool marked = between.find_first_of(":|=") != std::string_view::npos ||
                        between.find('\t') != std::string_view::npos ||
                        between.find("  ") != std::string_view::npos || between == "/ " ||
                        between == " - " || between == "# " || between == "# ";
    const bool digits = std::any_of(between.begin(), between.end(), is_ascii_digit);
    if (marked && !digits) {
      if (const auto labelled = label_class(prev.lower))
        return Context{*labelled, true, "name_label"};
      if (i >= 2 && (prev.lower == "name" || prev.lower == "md")) {
        if (const auto labelled = label_class(tokens_[i - 2].lower))
          return Context{*labelled, true, "name_label"};
      }
    }
    if (prev.is(kFlagRelation) && (between == " " || between == ", ") && short_name(i))
      return Context{PhiClass::kRelativeName, true, "name_relation"};
    if (prev.is(kFlagRelation) && (between == " " || between == ", " || between == " (" ||
                                   between == "\n" || between == ": "))
      return Context{
          PhiClass::kRelativeName,
          tokens_[i].capital && !starts_sentence(i) && (!tokens_[i].all_capitals || loud_name(i)),
          "name_relation"};
    if (prev.is(kFlagNameLead) && (between == " " || between == "\n" || between == ": "))
      return Context{prev.lower == "named" ? PhiClass::kPatientName : PhiClass::kClinicianName,
                     false, "name_lead"};
    return std::nullopt;
  }

  /// "sister Tin", "son Tri": words of prose that are names of two or three letters elsewhere.
  bool short_name(std::size_t i) const {
    const Token& token = tokens_[i];
    if (!token.capital || token.all_capitals || token.letters < 2 || token.letters > 3 ||
        token.is(kFlagNeverName | kFlagCredential))
      return false;
    return token.lower != "has" && token.lower != "was" && token.lower != "had" &&
           token.lower != "who" && token.lower != "is" && token.lower != "did" &&
           token.lower != "may" && token.lower != "can" && token.lower != "are";
  }

  bool leads_to_short_name(std::size_t i) const {
    const Token& prev = tokens_[i - 1];
    const std::string_view between = gap(i - 1, i);
    if (prev.is(kFlagRelation) && (between == " " || between == ", ")) return true;
    const bool before_name = i + 1 < tokens_.size() && tokens_[i + 1].capital &&
                             grades_[i + 1] >= Grade::kAmbiguous && gap(i, i + 1) == " ";
    return before_name && between == " " && (prev.lower == "pt" || prev.is(kFlagNameLead));
  }

  /// Among capitals only: a word of some length that prose doesn't write.
  bool loud_name(std::size_t i) const {
    return tokens_[i - 1].all_capitals && tokens_[i].letters >= 4 && !tokens_[i].is(kFlagWord) &&
           grades_[i] >= Grade::kUnknown;
  }

  bool starts_sentence(std::size_t i) const {
    std::size_t at = tokens_[i].begin;
    while (at > 0 && is_space(text_[at - 1])) --at;
    return at == 0 || text_[at - 1] == '.' || text_[at - 1] == '!' || text_[at - 1] == '?';
  }

  static bool is_role(std::string_view word) {
    return word == "circulator" || word == "scrub" || word == "anesthesiologist" ||
           word == "surgeon" || word == "resident" || word == "attending" || word == "physician" ||
           word == "therapist" || word == "assistant" || word == "hospitalist" ||
           word == "assist" || word == "interpreter" || word == "pharmacist" || word == "intern" ||
           word == "cardiologist" || word == "rn" || word == "lpn" || word == "cna" ||
           word == "np" || word == "paramedic" || word == "technologist" || word == "educator" ||
           word == "oncologist" || word == "neurologist";
  }

  bool eponym(const Run& run) const {
    if (run.words > 1 && run.strong > 1) return false;
    for (std::size_t i = run.first; i < run.last; ++i) {
      if (tokens_[i].is(kFlagEponym) && run.words == 1) return true;
    }
    if (run.last >= tokens_.size()) return false;
    const std::string_view after = gap(run.last - 1, run.last);
    return after.size() <= 4 && after.find('\n') == std::string_view::npos &&
           after.find('.') == std::string_view::npos && follows_eponym(tokens_[run.last].lower) &&
           run.words <= 2;
  }

  bool credential_after(const Run& run) const {
    if (run.last >= tokens_.size()) return false;
    std::string_view after = text_.substr(run.end, tokens_[run.last].begin - run.end);
    if (after.empty() || after.size() > 3 ||
        after.find_first_not_of(", \n.") != std::string_view::npos)
      return false;
    const Token& next = tokens_[run.last];
    if (next.is(kFlagCredential) && next.capital && (next.lower != "do" || next.all_capitals))
      return true;
    // "M.D.", "D.O.", "R.N."
    return next.letters == 1 && next.capital && run.last + 1 < tokens_.size() &&
           gap(run.last, run.last + 1) == "." && tokens_[run.last + 1].letters == 1 &&
           (is_credential(next.lower + tokens_[run.last + 1].lower) ||
            next.lower + tokens_[run.last + 1].lower == "ph");
  }

  bool alone_on_line(const Run& run) const {
    const std::size_t begin = tokens_[run.first].begin;
    const std::size_t line = begin == 0 ? 0
                             : text_.rfind('\n', begin - 1) == std::string_view::npos
                                 ? 0
                                 : text_.rfind('\n', begin - 1) + 1;
    const std::size_t stop = std::min(text_.find('\n', run.end), text_.size());
    return text_.substr(line, begin - line).find_first_not_of(" \t-_") == std::string_view::npos &&
           text_.substr(run.end, stop - run.end).find_first_not_of(" \t.,\r") ==
               std::string_view::npos;
  }

  std::optional<Context> decide(const Run& run, const std::optional<Context>& before) const {
    if (run.words == 0) return std::nullopt;
    if (before && before->firm) return before;
    if (run.words == 1 && run.strong == 0 && run.unknown == 0) return std::nullopt;
    if (credential_after(run) && run.strong + run.unknown >= 1)
      return Context{PhiClass::kClinicianName, true, "name_credential"};
    if (eponym(run)) return std::nullopt;
    const PhiClass hinted = before ? before->phi_class : PhiClass::kPatientName;
    const bool given = any_given(run);
    if (run.strong >= 2 && given) return Context{hinted, false, "name_dictionary"};
    if (run.comma && run.strong >= 1 && given) return Context{hinted, false, "name_last_first"};
    if (run.strong >= 1 && run.words >= 2 && given && run.strong + run.unknown >= 2)
      return Context{hinted, false, "name_given"};
    if (run.words >= 2 && run.strong >= 1 && (before || alone_on_line(run)))
      return Context{hinted, false, "name_hint"};
    const bool initial = tokens_[run.first].letters == 1;
    if (initial && run.words >= 2 && (run.strong >= 1 || (run.unknown >= 1 && before)))
      return Context{hinted, false, "name_initial_first"};
    if (run.words >= 3 && given && run.strong >= 1) return Context{hinted, false, "name_initial"};
    if (run.words == 1 && run.strong == 1 && before && before->rule == "name_relation")
      return before;
    if (run.words == 1 && run.strong == 1 && !tokens_[run.first].all_capitals &&
        tokens_[run.first].letters >= 4 && !starts_sentence(run.first) &&
        (frequent(tokens_[run.first])))
      return Context{hinted, false, "name_single"};
    return std::nullopt;
  }

  bool any_given(const Run& run) const {
    for (std::size_t i = run.first; i < run.last; ++i) {
      if (grades_[i] == Grade::kStrong && dictionary_.is_given(fold(tokens_[i].lower))) return true;
      const std::size_t hyphen = tokens_[i].lower.find('-');
      if (hyphen != std::string::npos &&
          dictionary_.is_given(std::string_view(tokens_[i].lower).substr(0, hyphen)))
        return true;
    }
    return false;
  }

  static bool frequent(const Token& token) {
    return token.is(kFlagGiven) && !token.is(kFlagCityName);
  }

  std::string_view text_;
  const std::vector<Token>& tokens_;
  const Dictionary& dictionary_;
  std::vector<Grade> grades_;
  std::vector<Span> spans_;
};

bool big(char c) { return c >= 'A' && c <= 'Z'; }

}  // namespace

std::vector<Span> find_names(std::string_view text, const std::vector<Token>& tokens,
                             const Dictionary& dictionary) {
  return Finder(text, tokens, dictionary).find();
}

std::vector<Span> find_initials(std::string_view text) {
  std::vector<Span> spans;
  // "B.W." and "T.O.A.", but not the abbreviations of prose.
  for (std::size_t i = 0; i + 3 < text.size(); ++i) {
    if (!big(text[i]) || text[i + 1] != '.' ||
        (i > 0 && !is_space(text[i - 1]) && text[i - 1] != '(' && text[i - 1] != '/'))
      continue;
    std::size_t end = i;
    int letters = 0;
    while (end + 1 < text.size() && big(text[end]) && text[end + 1] == '.') {
      end += 2;
      ++letters;
    }
    const std::string_view found = text.substr(i, end - i);
    const bool prose = found == "M.D." || found == "D.O." || found == "R.N." || found == "U.S." ||
                       found == "I.V." || found == "P.O." || found == "E.R." || found == "O.R." ||
                       found == "E.D." || found == "D.C." || found == "H.S." || found == "N.P." ||
                       found == "P.A." || found == "C.T." || found == "D.O.B." ||
                       found == "P.R.N." || found == "B.I.D." || found == "T.I.D." ||
                       found == "Q.I.D." || found == "A.M." || found == "P.M." || found == "I.D." ||
                       found == "J.P." || found == "T.E.D." || found == "S.S.N." ||
                       found == "M.R.N." || found == "H.E.E.N.T." || found == "N.P.O." ||
                       found == "I.M." || found == "E.N.T." || found == "E.F." ||
                       found == "L.L.C." || found == "S.P.";
    if (letters >= 2 && letters <= 3 && !prose)
      spans.push_back({i, end, PhiClass::kPatientName, 0.6, Reason::kContext, "initials_dotted"});
    i = end > i ? end - 1 : i;
  }
  // The last line that is not blank.
  std::size_t end = text.size();
  while (end > 0 && is_space(text[end - 1])) --end;
  if (end == 0) return spans;
  std::size_t begin = text.rfind('\n', end - 1);
  begin = begin == std::string_view::npos ? 0 : begin + 1;
  const std::string_view line = text.substr(begin, end - begin);
  if (line.size() >= 2 && line.size() <= 3 && std::all_of(line.begin(), line.end(), big))
    spans.push_back(
        {begin, end, PhiClass::kClinicianName, 0.7, Reason::kContext, "initials_signature"});
  return spans;
}

}  // namespace residency::deid
