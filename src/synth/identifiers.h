// Identifiers made up so that they look and check like real ones.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "synth/random.h"

namespace residency::synth {

/// `count` random digits.
std::string digits(Random& random, int count);
/// '#' becomes a digit, '@' an upper-case letter, the rest stays.
std::string patterned(Random& random, std::string_view pattern);

/// The Luhn check digit of a string of digits.
char luhn_check_digit(std::string_view digits);
/// 10 digits; the last is the Luhn digit over "80840" and the first nine (45 CFR 162.406).
std::string make_npi(Random& random);
/// Two letters (the second the surname's initial) and 7 digits; the last is the last digit of
/// (d1+d3+d5) + 2 (d2+d4+d6).
std::string make_dea(Random& random, char surname_initial);
/// 17 characters with the check character of 49 CFR 565.15 at position 9.
std::string make_vin(Random& random);
/// Area 001-899 without 666, group 01-99, serial 0001-9999; digits only.
std::string make_ssn(Random& random);
/// "(01)" GTIN-14 with its GS1 check digit, then expiry and serial.
std::string make_udi(Random& random, std::string_view serial);
/// Ten digits with a NANP area code and exchange.
std::string make_phone(Random& random);
/// A version-4-shaped UUID.
std::string make_uuid(Random& random);
std::string make_ip(Random& random);

/// True where the last digit is the Luhn digit of those before.
bool luhn_holds(std::string_view digits);
bool npi_holds(std::string_view npi);
bool dea_holds(std::string_view dea);
bool vin_holds(std::string_view vin);
bool gtin14_holds(std::string_view gtin);

}  // namespace residency::synth
