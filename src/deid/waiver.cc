#include "deid/waiver.h"

#include "deid/clean_text_maker.h"

namespace residency::deid {

Result<CleanText> waive(std::string text, const Waiver& waiver) {
  constexpr std::string_view kBlank = " \t\r\n";
  if (waiver.person.find_first_not_of(kBlank) == std::string::npos)
    return invalid_argument("a waiver must name the person who gives it");
  if (waiver.reason.find_first_not_of(kBlank) == std::string::npos)
    return invalid_argument("a waiver must give a reason");
  return CleanTextMaker::make(std::move(text));
}

}  // namespace residency::deid
