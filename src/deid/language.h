// Whether a text is in a language that the detector reads.
#pragma once

#include <cstdint>
#include <string_view>

namespace residency::deid {

/// What a text is written in, as far as matters here.
enum class TextLanguage : std::uint8_t { kSupported, kOtherScript, kOtherLanguage };

/// English, or too short to tell, is kSupported. kOtherScript: most letters are not Latin.
/// kOtherLanguage: the commonest words of another language that Latin letters write (Spanish,
/// Portuguese, French, Italian, German, Dutch, Polish, Swedish, Danish, Norwegian, Turkish) stand
/// far more often than English ones. Telegraphic notes, which have few such words of any language,
/// are kSupported, and so are names in other scripts within an English text.
TextLanguage language_of(std::string_view text);

}  // namespace residency::deid
