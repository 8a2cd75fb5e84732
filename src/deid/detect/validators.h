// Checks that tell an identifier from a number of the same form.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "deid/detect/patterns.h"

namespace residency::deid {

/// Luhn's check digit (ISO/IEC 7812-1 annex B); digits only.
bool luhn_holds(std::string_view digits);
/// A US National Provider Identifier: Luhn over "80840" and the ten digits (45 CFR 162.406).
bool npi_holds(std::string_view digits);
/// A DEA number: two letters, seven digits, the last the sum's (21 CFR 1301).
bool dea_holds(std::string_view text);
/// A vehicle identification number: the ninth place is the sum's modulo 11 (49 CFR 565.15).
bool vin_holds(std::string_view text);
/// A social security number that could have been given out: no 000, 666, 9xx; no group 00, no 0000.
bool ssn_holds(std::string_view text);
bool ipv4_holds(std::string_view text);
/// True where the text's numbers can be a calendar day in some usual order.
bool date_holds(std::string_view text);

/// The digits of `text`, in order.
std::string digits_of(std::string_view text);

bool passes(Check check, std::string_view text);

}  // namespace residency::deid
