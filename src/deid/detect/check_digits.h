// Identifiers whose check digit holds, however they are spaced.
#pragma once

#include <string_view>
#include <vector>

#include "deid/detect/span.h"

namespace residency::deid {

/// NPI, DEA, VIN, payment cards (Luhn), IBAN (mod 97), NHS numbers (mod 11) and Aadhaar (Verhoeff),
/// in groups or one by one, parted by one kind of space, dash or dot: "4111 1111 1111 1111",
/// "1 2 4 5 3 1 9 5 9 9". What is found here nothing takes back.
std::vector<Span> find_check_digits(std::string_view text);

bool verhoeff_holds(std::string_view digits);
bool nhs_number_holds(std::string_view digits);
bool iban_holds(std::string_view iban);

}  // namespace residency::deid
