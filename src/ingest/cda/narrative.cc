#include "ingest/cda/narrative.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace residency::ingest {
namespace {

constexpr std::string_view kLines[] = {
    "paragraph", "list", "item", "table", "thead", "tbody", "tfoot", "tr", "caption",
    "br",        "p",    "div",  "ul",    "ol",    "li",    "h1",    "h2", "h3",
    "h4",        "h5",   "h6",   "dl",    "dt",    "dd",    "pre",   "hr", "blockquote"};

bool parts_lines(std::string_view name) {
  return std::find(std::begin(kLines), std::end(kLines), name) != std::end(kLines);
}

class Pieces {
 public:
  std::vector<NarrativePiece> take() && { return std::move(pieces_); }

  void walk(pugi::xml_node node, int depth) {
    if (depth > kXmlDepthMax) return;
    for (const pugi::xml_node child : node.children()) {
      if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata) {
        pieces_.push_back({child, std::exchange(before_, "")});
      } else if (child.type() == pugi::node_element) {
        element(child, depth);
      }
    }
  }

 private:
  void element(pugi::xml_node child, int depth) {
    const std::string_view name = local_name(child);
    const bool line = parts_lines(name);
    if (line) part("\n");
    walk(child, depth + 1);
    if (line) part("\n");
    if (name == "td" || name == "th") part("\t");
  }
  void part(std::string_view by) {
    if (pieces_.empty() || before_ == "\n") return;
    before_ = by;
  }

  std::vector<NarrativePiece> pieces_;
  std::string_view before_;
};

}  // namespace

std::string_view local_name(pugi::xml_node node) {
  const std::string_view name = node.name();
  const std::size_t colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

int xml_depth(pugi::xml_node node) {
  int depth = 0;
  int deepest = 0;
  // Without recursion: what is too deep must not end the stack.
  for (pugi::xml_node at = node.first_child(); at && deepest <= kXmlDepthMax;) {
    deepest = std::max(deepest, depth + 1);
    if (at.first_child()) {
      at = at.first_child();
      ++depth;
      continue;
    }
    while (depth > 0 && !at.next_sibling()) {
      at = at.parent();
      --depth;
    }
    at = at.next_sibling();
  }
  return deepest;
}

std::vector<NarrativePiece> narrative_pieces(pugi::xml_node root) {
  Pieces pieces;
  pieces.walk(root, 0);
  return std::move(pieces).take();
}

std::string narrative_text(pugi::xml_node root) {
  std::string text;
  for (const NarrativePiece& piece : narrative_pieces(root)) {
    text += piece.before;
    text += piece.node.value();
  }
  const std::size_t end = text.find_last_not_of(" \t\r\n");
  text.resize(end == std::string::npos ? 0 : end + 1);
  return text;
}

}  // namespace residency::ingest
