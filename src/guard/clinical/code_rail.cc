#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <re2/re2.h>

#include "guard/clinical/clinical_rails.h"
#include "guard/clinical/code_table.h"

namespace residency::guard {
namespace {

constexpr std::size_t kNearBytes = 60;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

/// True where `word` stands shortly before `at`, or in the same line shortly after.
bool near(const std::string& low, std::size_t at, std::string_view word) {
  const std::size_t from = at > kNearBytes ? at - kNearBytes : 0;
  return low.substr(from, at - from + kNearBytes).find(word) != std::string::npos;
}

template <class Take>
void each_match(const re2::RE2& pattern, std::string_view text, Take take) {
  re2::StringPiece group;
  const re2::StringPiece whole(text.data(), text.size());
  for (std::size_t at = 0; at < text.size();) {
    std::array<re2::StringPiece, 2> groups;
    if (!pattern.Match(whole, at, text.size(), re2::RE2::UNANCHORED, groups.data(), 2)) return;
    const auto begin = static_cast<std::size_t>(groups[1].data() - text.data());
    take(begin, begin + groups[1].size());
    at = begin + std::max<std::size_t>(groups[1].size(), 1);
  }
}

Finding finding_of(std::string_view name, std::size_t begin, std::size_t end, std::string note) {
  Finding finding;
  finding.policy = "codes";
  finding.name = name;
  finding.begin = begin;
  finding.end = end;
  finding.note = std::move(note);
  return finding;
}

/// The check digit of a LOINC code: Luhn's, over the digits before the dash.
bool loinc_holds(std::string_view code) {
  const std::size_t dash = code.find('-');
  int sum = 0;
  for (std::size_t i = 0; i < dash; ++i) {
    int value = code[dash - 1 - i] - '0';
    if (i % 2 == 0) value = value * 2 > 9 ? value * 2 - 9 : value * 2;
    sum += value;
  }
  return (10 - sum % 10) % 10 == code[dash + 1] - '0';
}

bool ndc_holds(std::string_view code) {
  std::array<std::size_t, 3> parts{};
  std::size_t part = 0;
  for (const char c : code) {
    if (c == '-') {
      ++part;
    } else {
      ++parts[std::min<std::size_t>(part, 2)];
    }
  }
  if (part == 0) return code.size() == 10 || code.size() == 11;
  if (part != 2) return false;
  const auto is = [&](std::size_t a, std::size_t b, std::size_t c) {
    return parts == std::array<std::size_t, 3>{a, b, c};
  };
  return is(4, 4, 2) || is(5, 3, 2) || is(5, 4, 1) || is(5, 4, 2);
}

}  // namespace

std::vector<Finding> check_codes(std::string_view text, const std::vector<std::string>& also) {
  static const re2::RE2 kDotted(
      R"((?:^|[^A-Za-z0-9.\-])([A-Z][0-9][0-9A-Z]\.[0-9A-Z]{1,4})(?:[^A-Za-z0-9]|$))");
  static const re2::RE2 kPlain(
      R"((?:^|[^A-Za-z0-9.\-])([A-Z][0-9][0-9A-Z]{1,5})(?:[^A-Za-z0-9.\-]|[.\-][^A-Za-z0-9]|[.\-]?$))");
  static const re2::RE2 kLoinc(R"((?:^|[^0-9\-])([0-9]{1,7}-[0-9])(?:[^0-9\-]|$))");
  static const re2::RE2 kNdc(
      R"((?:^|[^0-9\-])([0-9]{1,7}-[0-9]{1,7}-[0-9]{1,4}|[0-9]{9,12})(?:[^0-9\-]|$))");
  std::vector<Finding> out;
  const CodeTable& codes = CodeTable::embedded();
  const std::string low = lower(text);
  const auto accepted = [&](std::string_view code) {
    return std::find(also.begin(), also.end(), code) != also.end();
  };
  const auto icd = [&](std::size_t begin, std::size_t end) {
    const std::string_view code = text.substr(begin, end - begin);
    if (codes.has(code) || accepted(code)) return;
    out.push_back(
        finding_of("ICD-10-CM", begin, end, fmt::format("{} is no code of ICD-10-CM", code)));
  };
  each_match(kDotted, text, icd);
  if (low.find("icd") != std::string::npos) {
    each_match(kPlain, text, [&](std::size_t begin, std::size_t end) {
      if (near(low, begin, "icd")) icd(begin, end);
    });
  }
  if (low.find("loinc") != std::string::npos) {
    each_match(kLoinc, text, [&](std::size_t begin, std::size_t end) {
      const std::string_view code = text.substr(begin, end - begin);
      if (!near(low, begin, "loinc") || loinc_holds(code) || accepted(code)) return;
      out.push_back(
          finding_of("LOINC", begin, end,
                     fmt::format("{}: the check digit of this LOINC code is wrong", code)));
    });
  }
  if (low.find("ndc") != std::string::npos) {
    each_match(kNdc, text, [&](std::size_t begin, std::size_t end) {
      const std::string_view code = text.substr(begin, end - begin);
      if (!near(low, begin, "ndc") || ndc_holds(code) || accepted(code)) return;
      out.push_back(
          finding_of("NDC", begin, end, fmt::format("{} has not the form of an NDC", code)));
    });
  }
  return out;
}

std::vector<Finding> check_citations(std::string_view text, const Conversation& conversation,
                                     int this_year) {
  constexpr std::uint64_t kPmidMax = 45'000'000;
  static const re2::RE2 kPmid(R"((?i)\bPMID:?\s*([0-9]+))");
  static const re2::RE2 kNct(R"(\b(NCT[0-9]+)\b)");
  static const re2::RE2 kDoi(R"((?i)\bdoi(?:\.org/|:\s*|\s+)(\S+))");
  static const re2::RE2 kYear(
      R"(\b(?:et al\.?,?|[A-Z][A-Za-z .]+\.)\s*\(?((?:19|20|21)[0-9]{2})\)?\b)");
  static const re2::RE2 kIssn(R"((?i)\bISSN:?\s*([0-9]{4}-[0-9]{3}[0-9X]))");
  std::vector<Finding> out;
  std::string sources;
  for (const std::string& source : conversation.sources) sources += lower(source) + "\n";
  for (const Turn& turn : conversation.turns) {
    if (turn.role != "assistant" && !sources.empty()) sources += lower(turn.text) + "\n";
  }
  const auto add = [&](std::size_t begin, std::size_t end, double score, std::string note) {
    Finding finding;
    finding.policy = "citations";
    finding.name = "citation";
    finding.begin = begin;
    finding.end = end;
    finding.score = score;
    finding.note = std::move(note);
    out.push_back(std::move(finding));
  };
  const auto look = [&](const re2::RE2& pattern, std::string_view what, auto impossible) {
    each_match(pattern, text, [&](std::size_t begin, std::size_t end) {
      while (end > begin && std::string_view(".,;)]").find(text[end - 1]) != std::string_view::npos)
        --end;
      const std::string_view id = text.substr(begin, end - begin);
      if (impossible(id))
        return add(begin, end, 1.0, fmt::format("{}: there is no such {}", id, what));
      if (!sources.empty() && sources.find(lower(id)) == std::string::npos)
        add(begin, end, 0.8, fmt::format("{}: no source has this {}", id, what));
    });
  };
  look(kPmid, "PMID", [&](std::string_view id) {
    if (id.size() > 9 || id.front() == '0') return true;
    return std::stoull(std::string(id)) > kPmidMax;
  });
  look(kNct, "trial number", [](std::string_view id) { return id.size() != 11; });
  look(kDoi, "DOI", [](std::string_view id) {
    static const re2::RE2 kForm(R"(10\.[0-9]{4,9}(?:\.[0-9]+)*/[^\s]+)");
    return !re2::RE2::FullMatch(re2::StringPiece(id.data(), id.size()), kForm);
  });
  look(kIssn, "ISSN", [](std::string_view id) {
    int sum = 0;
    int weight = 8;
    for (const char c : id) {
      if (c == '-') continue;
      sum += weight-- * ((c | 0x20) == 'x' ? 10 : c - '0');
    }
    return sum % 11 != 0;
  });
  each_match(kYear, text, [&](std::size_t begin, std::size_t end) {
    const int year = std::stoi(std::string(text.substr(begin, end - begin)));
    if (year > this_year) add(begin, end, 1.0, fmt::format("{}: is in the future", year));
  });
  return out;
}

}  // namespace residency::guard
