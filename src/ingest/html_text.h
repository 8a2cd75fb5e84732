// Readable text from HTML and XHTML, for notes and FHIR narratives.
#pragma once

#include <string>
#include <string_view>

namespace residency::ingest {

/// The text of `html`: blocks and table rows on lines of their own, cells parted by a tab, list
/// items led by "- ", white space folded except in <pre>; script, style, head and comments are
/// left out, entities decoded. Accepts anything, runs in linear time, and never gives more than
/// 3 bytes for one of the input. `html` must be UTF-8.
std::string html_to_text(std::string_view html);

}  // namespace residency::ingest
