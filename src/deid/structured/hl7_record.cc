#include "deid/structured/hl7_record.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "ingest/hl7v2/field_table.h"
#include "ingest/hl7v2/message.h"
#include "ingest/hl7v2/people.h"

namespace residency::deid {
namespace {

using ingest::Hl7Delimiters;
using ingest::Hl7Field;
using ingest::Hl7Message;
using ingest::Hl7Segment;
using ingest::Hl7Type;

using Parts = std::vector<std::string>;

constexpr std::ptrdiff_t kLettersOfNameMin = 4;

bool is_ascii_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// One repetition of a text field, cleaned with its neighbours and put back.
struct TextPlace {
  std::size_t segment = 0;
  std::size_t field = 0;
  std::string text;  // unescaped
};

/// A number as results have them: "7.2", "<0.01", "-3".
bool is_measure(std::string_view text) {
  return is_plain_token(text) && text.find_first_not_of("0123456789.<>+-%") == text.npos &&
         text.find('-', 1) == text.npos;
}

class Walk {
 public:
  Walk(const Hl7Message& message, const RecordScope& scope)
      : message_(message), delimiters_(message.delimiters), scope_(scope) {}

  Result<std::string> run() {
    Hl7Message clean;
    clean.delimiters = delimiters_;
    for (const Hl7Segment& segment : message_.segments) {
      if (!known(segment.name())) continue;
      RESIDENCY_TRY(Hl7Segment out, this->segment(segment, clean.segments.size()));
      clean.segments.push_back(std::move(out));
    }
    RESIDENCY_TRY_VOID(texts(clean));
    return ingest::to_er7(clean);
  }

 private:
  /// A segment has rules where its first or second field has one.
  static bool known(std::string_view name) {
    return ingest::hl7_field(name, 1) || ingest::hl7_field(name, 2) || ingest::hl7_field(name, 4);
  }

  Result<Hl7Segment> segment(const Hl7Segment& segment, std::size_t place) {
    Hl7Segment out;
    out.fields.emplace_back(segment.name());
    for (std::size_t i = 1; i < segment.fields.size(); ++i) {
      const std::string& text = segment.fields[i];
      auto rule = ingest::hl7_field(segment.name(), i);
      if (rule && rule->type == Hl7Type::kObservation) {
        const auto type = ingest::hl7_value_type(segment.field(2));
        rule = type ? std::optional(Hl7Field{*type, class_of(*type)}) : std::nullopt;
      }
      const bool header = segment.name() == "MSH" && i <= 2;
      if (header) {
        out.fields.push_back(text);
      } else if (!rule || text.empty() || text == "\"\"") {
        out.fields.emplace_back(rule ? text : "");
      } else if (rule->type == Hl7Type::kText && is_measure(text)) {
        out.fields.push_back(text);
      } else if (rule->type == Hl7Type::kText) {
        texts_.push_back({place, i, text});
        out.fields.emplace_back();
      } else {
        RESIDENCY_TRY(auto clean, field(*rule, text));
        out.fields.push_back(std::move(clean));
      }
    }
    return out;
  }

  /// The class of an observation's value by its type.
  static PhiClass class_of(Hl7Type type) {
    switch (type) {
      case Hl7Type::kPersonName:
        return PhiClass::kPatientName;
      case Hl7Type::kPerson:
        return PhiClass::kClinicianName;
      case Hl7Type::kOrganisation:
        return PhiClass::kHospital;
      default:
        return PhiClass::kOtherId;
    }
  }

  /// All texts as one, a line each, so that what stands before tells of what follows.
  Result<void> texts(Hl7Message& clean) {
    std::vector<TextRun> runs;
    std::vector<std::pair<const TextPlace*, bool>> owners;  // whether a repetition goes before it
    std::vector<std::string> held;
    for (const TextPlace& place : texts_) {
      for (const std::string_view one : ingest::hl7_split(place.text, delimiters_.repetition))
        held.push_back(ingest::hl7_unescape(one, delimiters_));
    }
    std::size_t next = 0;
    for (const TextPlace& place : texts_) {
      const std::size_t count = ingest::hl7_split(place.text, delimiters_.repetition).size();
      for (std::size_t i = 0; i < count; ++i) {
        runs.push_back({held[next++], runs.empty() ? "" : "\n"});
        owners.emplace_back(&place, i > 0);
      }
    }
    RESIDENCY_TRY(const auto done, clean_runs(runs, scope_));
    for (std::size_t i = 0; i < done.size(); ++i) {
      const auto& [place, more] = owners[i];
      std::string& field = clean.segments[place->segment].fields[place->field];
      if (more) field += delimiters_.repetition;
      field += ingest::hl7_escape(done[i], delimiters_);
    }
    return {};
  }

  Result<std::string> field(const Hl7Field& rule, std::string_view text) {
    std::string out;
    bool first = true;
    for (const std::string_view one : ingest::hl7_split(text, delimiters_.repetition)) {
      if (!first) out += delimiters_.repetition;
      first = false;
      Parts parts;
      for (const std::string_view part : ingest::hl7_split(one, delimiters_.component))
        parts.emplace_back(part);
      RESIDENCY_TRY(const Parts clean, repetition(rule, parts));
      out += joined(clean);
    }
    return out;
  }

  std::string joined(const Parts& parts) const {
    std::string out;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (i > 0) out += delimiters_.component;
      out += parts[i];
    }
    while (out.ends_with(delimiters_.component)) out.pop_back();
    return out;
  }

  /// What stands for component `number` as a value of the class; "" where it is empty.
  std::string value(const Parts& parts, std::size_t number, PhiClass phi_class) {
    if (number > parts.size() || parts[number - 1].empty()) return "";
    // Of a component's own parts the first is the value ("Smith&van" is a name and its prefix).
    const std::string_view part = ingest::hl7_part(parts[number - 1], delimiters_.subcomponent, 1);
    const std::string plain = ingest::hl7_unescape(part, delimiters_);
    if (plain.empty()) return "";
    return ingest::hl7_escape(scope_.replacer.replace(phi_class, plain), delimiters_);
  }

  /// A component from a closed list; "" for anything longer, and for a word that the detector takes
  /// for a name.
  std::string plain(const Parts& parts, std::size_t number) {
    if (number > parts.size() || !is_plain_token(parts[number - 1])) return "";
    const std::string& token = parts[number - 1];
    const auto letters = std::count_if(token.begin(), token.end(), is_ascii_letter);
    if (letters < kLettersOfNameMin) return token;
    const auto clean = clean_free_text(token, scope_);
    return clean.ok() && *clean == token ? token : "";
  }

  Result<std::string> terminology(const Parts& parts, std::size_t number, bool has_system) {
    if (number > parts.size() || parts[number - 1].empty()) return std::string();
    const std::string text = ingest::hl7_unescape(parts[number - 1], delimiters_);
    RESIDENCY_TRY(const std::string clean,
                  has_system ? clean_terminology(text, scope_) : clean_free_text(text, scope_));
    return ingest::hl7_escape(clean, delimiters_);
  }

  /// Code, text, system; the same again as an alternative; versions; the sender's own words.
  Result<Parts> coded(const Parts& parts) {
    Parts out(std::min<std::size_t>(parts.size(), 9));
    for (const std::size_t from : {std::size_t{1}, std::size_t{4}}) {
      const bool system = from + 2 <= parts.size() && !parts[from + 1].empty();
      if (from <= out.size()) {
        const std::string& code = parts[from - 1];
        const bool kept = system ? is_code_token(code) : is_plain_token(code);
        RESIDENCY_TRY(out[from - 1],
                      kept ? Result<std::string>(code) : terminology(parts, from, false));
      }
      if (from + 1 <= out.size()) {
        RESIDENCY_TRY(out[from], terminology(parts, from + 1, system));
      }
      if (from + 2 <= out.size()) out[from + 1] = plain(parts, from + 2);
    }
    for (const std::size_t version : {std::size_t{7}, std::size_t{8}})
      if (version <= out.size()) out[version - 1] = plain(parts, version);
    if (out.size() == 9) {
      RESIDENCY_TRY(out[8], terminology(parts, 9, false));
    }
    return out;
  }

  Parts name(const Parts& parts, std::size_t from, PhiClass phi_class) {
    return {value(parts, from, phi_class), value(parts, from + 1, phi_class),
            value(parts, from + 2, phi_class)};
  }

  Result<Parts> repetition(const Hl7Field& rule, const Parts& parts) {
    switch (rule.type) {
      case Hl7Type::kPlain: {
        Parts out;
        for (std::size_t i = 1; i <= parts.size(); ++i) out.push_back(plain(parts, i));
        return out;
      }
      case Hl7Type::kCoded:
        return coded(parts);
      case Hl7Type::kDate: {
        std::string date = value(parts, 1, PhiClass::kDate);
        // A field of dates holds nothing else.
        if (date.starts_with('[')) date.clear();
        return Parts{date};
      }
      case Hl7Type::kPersonName: {
        Parts out = name(parts, 1, rule.phi_class);
        out.resize(7);
        out[6] = plain(parts, 7);
        return out;
      }
      case Hl7Type::kPerson: {
        Parts out{value(parts, 1, PhiClass::kOtherId)};
        for (std::string& part : name(parts, 2, rule.phi_class)) out.push_back(std::move(part));
        return out;
      }
      case Hl7Type::kPersonPlace: {
        Parts inner;
        for (const std::string_view one : ingest::hl7_split(parts[0], delimiters_.subcomponent))
          inner.emplace_back(one);
        std::string person = value(inner, 1, PhiClass::kOtherId);
        for (const std::string& part : name(inner, 2, rule.phi_class))
          person += delimiters_.subcomponent + part;
        return Parts{person};
      }
      case Hl7Type::kAddress:
        return Parts{value(parts, 1, PhiClass::kStreet),
                     value(parts, 2, PhiClass::kStreet),
                     value(parts, 3, PhiClass::kCity),
                     plain(parts, 4),
                     value(parts, 5, PhiClass::kZip),
                     plain(parts, 6),
                     plain(parts, 7),
                     "",
                     value(parts, 9, PhiClass::kCounty)};
      case Hl7Type::kTelecom:
        return Parts{value(parts, 1, PhiClass::kPhone), plain(parts, 2), plain(parts, 3),
                     value(parts, 4, PhiClass::kEmail)};
      case Hl7Type::kIdentifier: {
        const std::string type = plain(parts, 5);
        return Parts{value(parts, 1, ingest::hl7_id_class(type, rule.phi_class)), "", "", "", type};
      }
      case Hl7Type::kOrganisation:
      case Hl7Type::kValue:
        return Parts{value(parts, 1, rule.phi_class)};
      case Hl7Type::kLocation:
        return Parts{value(parts, 1, PhiClass::kWard), "", "",
                     value(parts, 4, PhiClass::kHospital)};
      case Hl7Type::kText:
      case Hl7Type::kObservation:
        return Parts{};
    }
    return Parts{};
  }

  const Hl7Message& message_;
  const Hl7Delimiters& delimiters_;
  const RecordScope& scope_;
  std::vector<TextPlace> texts_;
};

}  // namespace

Result<std::string> clean_message(std::string_view er7, const RecordScope& scope) {
  RESIDENCY_TRY(const auto message, ingest::parse_hl7(er7));
  return Walk(message, scope).run();
}

}  // namespace residency::deid
