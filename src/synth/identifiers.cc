#include "synth/identifiers.h"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>

namespace residency::synth {
namespace {

int digit(char c) { return c - '0'; }

bool all_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

constexpr std::string_view kVinLetters = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789";

// The transliteration table of 49 CFR 565.15(c).
int vin_value(char c) {
  if (c >= '0' && c <= '9') return digit(c);
  constexpr std::string_view letters = "ABCDEFGHJKLMNPRSTUVWXYZ";
  constexpr std::string_view values = "12345678123457923456789";
  const auto at = letters.find(c);
  return at == std::string_view::npos ? 0 : digit(values[at]);
}

char vin_check(std::string_view vin) {
  constexpr int weights[17] = {8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2};
  int sum = 0;
  for (std::size_t i = 0; i < 17; ++i) sum += vin_value(vin[i]) * weights[i];
  return sum % 11 == 10 ? 'X' : static_cast<char>('0' + sum % 11);
}

char gs1_check(std::string_view thirteen) {
  int sum = 0;
  for (std::size_t i = 0; i < thirteen.size(); ++i)
    sum += digit(thirteen[i]) * (i % 2 == 0 ? 3 : 1);
  return static_cast<char>('0' + (10 - sum % 10) % 10);
}

char dea_check(std::string_view six) {
  const int sum = digit(six[0]) + digit(six[2]) + digit(six[4]) +
                  2 * (digit(six[1]) + digit(six[3]) + digit(six[5]));
  return static_cast<char>('0' + sum % 10);
}

}  // namespace

std::string digits(Random& random, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += static_cast<char>('0' + random.below(10));
  return out;
}

std::string patterned(Random& random, std::string_view pattern) {
  std::string out(pattern);
  for (char& c : out) {
    if (c == '#') c = static_cast<char>('0' + random.below(10));
    if (c == '@') c = static_cast<char>('A' + random.below(26));
  }
  return out;
}

char luhn_check_digit(std::string_view text) {
  int sum = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    int value = digit(text[text.size() - 1 - i]);
    if (i % 2 == 0) value = value * 2 > 9 ? value * 2 - 9 : value * 2;
    sum += value;
  }
  return static_cast<char>('0' + (10 - sum % 10) % 10);
}

bool luhn_holds(std::string_view text) {
  return text.size() > 1 && all_digits(text) &&
         luhn_check_digit(text.substr(0, text.size() - 1)) == text.back();
}

std::string make_npi(Random& random) {
  std::string nine(1, random.chance(80) ? '1' : '2');
  nine += digits(random, 8);
  return nine + luhn_check_digit("80840" + nine);
}

bool npi_holds(std::string_view npi) {
  return npi.size() == 10 && luhn_holds("80840" + std::string(npi));
}

std::string make_dea(Random& random, char surname_initial) {
  constexpr std::string_view types = "ABFGM";
  const std::string six = digits(random, 6);
  return std::string{types[random.below(types.size())], surname_initial} + six + dea_check(six);
}

bool dea_holds(std::string_view dea) {
  return dea.size() == 9 && all_digits(dea.substr(2)) && dea_check(dea.substr(2, 6)) == dea[8];
}

std::string make_vin(Random& random) {
  constexpr std::string_view makers[] = {"1HG", "1FT", "2T1", "3VW", "4T1", "5YJ", "JTD", "KMH"};
  std::string vin(makers[random.below(8)]);
  while (vin.size() < 17) vin += kVinLetters[random.below(kVinLetters.size())];
  vin[8] = vin_check(vin);
  return vin;
}

bool vin_holds(std::string_view vin) { return vin.size() == 17 && vin_check(vin) == vin[8]; }

std::string make_ssn(Random& random) {
  int area = random.between(1, 898);
  if (area >= 666) ++area;
  const int group = random.between(1, 99);
  const int serial = random.between(1, 9999);
  return fmt::format("{:03}{:02}{:04}", area, group, serial);
}

std::string make_udi(Random& random, std::string_view serial) {
  std::string thirteen(1, '0');
  thirteen += digits(random, 12);
  const int year = random.between(26, 31);
  const int month = random.between(1, 12);
  const int day = random.between(1, 28);
  return fmt::format("(01){}{}(17){}{:02}{:02}(21){}", thirteen, gs1_check(thirteen), year, month,
                     day, serial);
}

bool gtin14_holds(std::string_view gtin) {
  return gtin.size() == 14 && all_digits(gtin) && gs1_check(gtin.substr(0, 13)) == gtin[13];
}

std::string make_phone(Random& random) {
  constexpr std::string_view areas[] = {"205", "212", "213", "303", "305", "312", "404", "415",
                                        "503", "512", "602", "614", "617", "704", "713", "718",
                                        "757", "808", "814", "907", "919", "936", "972", "989"};
  std::string phone(areas[random.below(24)]);
  phone += std::to_string(random.between(220, 989));
  phone += digits(random, 4);
  return phone;
}

std::string make_uuid(Random& random) {
  const std::uint64_t high = (random.next() & ~0xf000ull) | 0x4000ull;
  const std::uint64_t low = (random.next() & 0x3fffffffffffffffull) | 0x8000000000000000ull;
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, (high >> 16) & 0xffff,
                     high & 0xffff, low >> 48, low & 0xffffffffffffull);
}

std::string make_ip(Random& random) {
  const std::uint32_t a = random.below(65536);
  const std::uint32_t b = random.below(65536);
  const int last = random.between(1, 254);
  if (random.chance(10)) return fmt::format("2001:db8:{:x}:{:x}::{:x}", a, b, last);
  constexpr std::string_view nets[] = {"172.16", "192.168", "198.51", "203.0", "67.184", "10.4"};
  return fmt::format("{}.{}.{}", nets[random.below(6)], a % 256, last);
}

}  // namespace residency::synth
