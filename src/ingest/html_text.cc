#include "ingest/html_text.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "ingest/text_encoding.h"

namespace residency::ingest {
namespace {

constexpr std::size_t kEntityBytesMax = 12;
constexpr std::size_t kTagNameBytesMax = 16;

constexpr std::string_view kBlocks[] = {
    "address", "article", "blockquote", "body",  "dd",    "div",   "dl",     "dt", "footer", "form",
    "h1",      "h2",      "h3",         "h4",    "h5",    "h6",    "header", "hr", "main",   "ol",
    "p",       "pre",     "section",    "table", "tbody", "thead", "tr",     "ul"};
constexpr std::string_view kHidden[] = {"script", "style", "head", "template"};
constexpr std::pair<std::string_view, char32_t> kEntities[] = {
    {"amp", '&'},      {"lt", '<'},        {"gt", '>'},       {"quot", '"'},     {"apos", '\''},
    {"nbsp", ' '},     {"deg", 0xb0},      {"micro", 0xb5},   {"plusmn", 0xb1},  {"frac12", 0xbd},
    {"ndash", 0x2013}, {"mdash", 0x2014},  {"lsquo", 0x2018}, {"rsquo", 0x2019}, {"ldquo", 0x201c},
    {"rdquo", 0x201d}, {"hellip", 0x2026}, {"bull", 0x2022},  {"le", 0x2264},    {"ge", 0x2265},
    {"eacute", 0xe9},  {"egrave", 0xe8},   {"uuml", 0xfc},    {"ouml", 0xf6},    {"auml", 0xe4},
    {"ntilde", 0xf1},  {"aacute", 0xe1},   {"iacute", 0xed},  {"oacute", 0xf3},  {"uacute", 0xfa},
    {"ccedil", 0xe7},  {"szlig", 0xdf}};

template <std::size_t N>
bool one_of(const std::string_view (&list)[N], std::string_view name) {
  return std::find(std::begin(list), std::end(list), name) != std::end(list);
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

class HtmlText {
 public:
  explicit HtmlText(std::string_view html) : html_(html) {}

  std::string read() {
    while (at_ < html_.size()) {
      const char c = html_[at_];
      if (c == '<') {
        markup();
      } else if (c == '&') {
        entity();
      } else {
        put(html_.substr(at_, 1));
        ++at_;
      }
    }
    while (!out_.empty() && is_space(out_.back())) out_.pop_back();
    return std::move(out_);
  }

 private:
  void put(std::string_view text) {
    if (!hidden_.empty()) return;
    for (const char c : text) {
      if (is_space(c) && pre_ == 0) {
        space_ = true;
        continue;
      }
      if (space_ && !out_.empty() && !is_space(out_.back())) out_.push_back(' ');
      space_ = false;
      if (c != '\r') out_.push_back(c);
    }
  }

  void line() {
    space_ = false;
    if (!hidden_.empty() || out_.empty()) return;
    while (!out_.empty() && (out_.back() == ' ' || out_.back() == '\t')) out_.pop_back();
    if (!out_.empty() && out_.back() != '\n') out_.push_back('\n');
  }

  void markup() {
    if (html_.substr(at_, 4) == "<!--") return skip_past("-->", 4);
    if (html_.substr(at_, 9) == "<![CDATA[") {
      const std::size_t end = html_.find("]]>", at_ + 9);
      const std::size_t stop = end == std::string_view::npos ? html_.size() : end;
      put(html_.substr(at_ + 9, stop - at_ - 9));
      at_ = end == std::string_view::npos ? html_.size() : end + 3;
      return;
    }
    std::size_t i = at_ + 1;
    const bool closing = i < html_.size() && html_[i] == '/';
    if (closing) ++i;
    const bool named = i < html_.size() && lower(html_[i]) >= 'a' && lower(html_[i]) <= 'z';
    if (!named && !(i < html_.size() && (html_[i] == '!' || html_[i] == '?'))) {
      put("<");  // "pH < 7" in a sloppy page
      ++at_;
      return;
    }
    std::string name;
    while (i < html_.size() && name.size() < kTagNameBytesMax && !is_space(html_[i]) &&
           html_[i] != '>' && html_[i] != '/') {
      name.push_back(lower(html_[i++]));
    }
    const bool empty_element = tag_end(i);
    tag(name, closing, empty_element);
  }

  // Moves past the tag's '>', minding quoted attributes; true for "/>".
  bool tag_end(std::size_t i) {
    char quote = 0;
    for (; i < html_.size(); ++i) {
      const char c = html_[i];
      if (quote != 0) {
        if (c == quote) quote = 0;
      } else if (c == '"' || c == '\'') {
        quote = c;
      } else if (c == '>') {
        at_ = i + 1;
        return html_[i - 1] == '/';
      }
    }
    at_ = html_.size();
    return false;
  }

  void skip_past(std::string_view mark, std::size_t from) {
    const std::size_t end = html_.find(mark, at_ + from);
    at_ = end == std::string_view::npos ? html_.size() : end + mark.size();
  }

  // Inside script and style '<' begins no tag but their own end.
  void skip_raw(std::string_view name) {
    for (; at_ < html_.size(); ++at_) {
      if (html_.substr(at_, 2) != "</") continue;
      const std::string_view ending = html_.substr(at_ + 2, name.size());
      if (std::equal(ending.begin(), ending.end(), name.begin(), name.end(),
                     [](char a, char b) { return lower(a) == b; })) {
        return;
      }
    }
  }

  void tag(const std::string& name, bool closing, bool empty_element) {
    if (one_of(kHidden, name)) {
      if (!closing && !empty_element && hidden_.empty()) hidden_ = name;
      if (closing && hidden_ == name) hidden_.clear();
      if (hidden_ == "script" || hidden_ == "style") skip_raw(hidden_);
      return;
    }
    if (name == "body" && hidden_ == "head") hidden_.clear();  // a head that was not closed
    if (name == "br") {
      if (hidden_.empty() && !out_.empty()) out_.push_back('\n');
      space_ = false;
    } else if (name == "td" || name == "th") {
      if (!closing && hidden_.empty() && !out_.empty() && out_.back() != '\n') {
        out_.push_back('\t');
        space_ = false;
      }
    } else if (name == "li") {
      line();
      if (!closing) put("-"), space_ = true;
    } else if (one_of(kBlocks, name)) {
      line();
      if (name == "pre") pre_ = closing ? std::max(0, pre_ - 1) : pre_ + (empty_element ? 0 : 1);
    }
  }

  void entity() {
    const std::size_t found = html_.substr(at_, kEntityBytesMax + 1).find(';');
    const std::size_t end = found == std::string_view::npos ? found : at_ + found;
    if (end == std::string_view::npos) {
      put("&");
      ++at_;
      return;
    }
    const std::string_view name = html_.substr(at_ + 1, end - at_ - 1);
    const char32_t code_point = value_of(name);
    if (code_point == 0) {
      put("&");
      ++at_;
      return;
    }
    std::string text;
    append_utf8(text, code_point);
    put(text);
    at_ = end + 1;
  }

  static char32_t value_of(std::string_view name) {
    if (name.size() > 1 && name[0] == '#') {
      const bool hex = lower(name[1]) == 'x';
      char32_t value = 0;
      std::size_t digits = 0;
      for (const char c : name.substr(hex ? 2 : 1)) {
        int digit = -1;
        if (c >= '0' && c <= '9') digit = c - '0';
        if (hex && lower(c) >= 'a' && lower(c) <= 'f') digit = lower(c) - 'a' + 10;
        if (digit < 0) return 0;
        value =
            std::min<char32_t>(value * (hex ? 16 : 10) + static_cast<char32_t>(digit), 0x110000);
        ++digits;
      }
      if (digits == 0 || value == 0) return 0;
      return value == 0xa0 ? U' ' : value;
    }
    for (const auto& [known, value] : kEntities) {
      if (known == name) return value;
    }
    return 0;
  }

  std::string_view html_;
  std::size_t at_ = 0;
  std::string out_;
  std::string hidden_;  // the element whose content is left out
  int pre_ = 0;
  bool space_ = false;
};

}  // namespace

std::string html_to_text(std::string_view html) { return HtmlText(html).read(); }

}  // namespace residency::ingest
