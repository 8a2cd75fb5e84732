#include <fmt/format.h>

#include "synth/identifiers.h"
#include "synth/note_sink.h"

namespace residency::synth {

const NoteSink::SlotTable& NoteSink::id_slots() {
  static const SlotTable table{{"mrn", &NoteSink::mrn},
                               {"ssn", &NoteSink::ssn},
                               {"acct", &NoteSink::account},
                               {"member", &NoteSink::plan_id},
                               {"lic", &NoteSink::license},
                               {"npi", &NoteSink::npi},
                               {"dea", &NoteSink::dea},
                               {"vehicle", &NoteSink::vehicle},
                               {"device", &NoteSink::device},
                               {"phone", &NoteSink::phone},
                               {"fax", &NoteSink::fax},
                               {"email", &NoteSink::email},
                               {"url", &NoteSink::url},
                               {"ip", &NoteSink::ip},
                               {"id", &NoteSink::other_id},
                               {"photo", &NoteSink::photo},
                               {"biometric", &NoteSink::biometric}};
  return table;
}

void NoteSink::put_phone(PhiClass phi_class, const std::string& ten) {
  static constexpr std::string_view forms[] = {
      "({}) {}-{}", "{}-{}-{}",    "{}.{}.{}",  "{} {} {}", "{}{}{}",
      "1-{}-{}-{}", "+1 {} {} {}", "({}){}-{}", "{}/{}-{}", "( {} ) {} - {}"};
  const int form = random_.chance(75) ? random_.between(0, 2) : random_.between(3, 9);
  std::string text =
      fmt::format(fmt::runtime(forms[form]), ten.substr(0, 3), ten.substr(3, 3), ten.substr(6));
  if (phi_class == PhiClass::kPhone && random_.chance(10)) {
    text += random_.chance(50) ? " x" : " ext. ";
    text += digits(random_, 4);
  }
  out_.put_phi(phi_class, text);
}

void NoteSink::mrn(std::string_view) { out_.put_phi(PhiClass::kMrn, plan_.person.mrn); }

void NoteSink::ssn(std::string_view argument) {
  const std::string& ssn = plan_.person.ssn;
  if (argument == "last4") return out_.put_phi(PhiClass::kSsn, ssn.substr(5));
  static constexpr std::string_view forms[] = {"{}-{}-{}", "{}-{}-{}", "{} {} {}", "{}{}{}"};
  out_.put_phi(PhiClass::kSsn, fmt::format(fmt::runtime(forms[random_.below(4)]), ssn.substr(0, 3),
                                           ssn.substr(3, 2), ssn.substr(5)));
}

void NoteSink::account(std::string_view argument) {
  out_.put_phi(PhiClass::kAccount, argument == "visit" ? encounter_.visit : encounter_.account);
}

void NoteSink::plan_id(std::string_view argument) {
  if (argument == "name") return out_.put(plan_.person.plan);
  out_.put_phi(PhiClass::kHealthPlanId,
               argument == "group" ? plan_.person.group_number : plan_.person.member_id);
}

void NoteSink::license(std::string_view argument) {
  out_.put_phi(PhiClass::kLicense,
               argument == "driver" ? plan_.person.driver_license : note_.author->license);
}

void NoteSink::npi(std::string_view) { out_.put_phi(PhiClass::kLicense, note_.author->npi); }

void NoteSink::dea(std::string_view) {
  const Clinician& by = note_.author->dea.empty() ? *encounter_.attending : *note_.author;
  out_.put_phi(PhiClass::kLicense, by.dea);
}

void NoteSink::vehicle(std::string_view argument) {
  out_.put_phi(PhiClass::kVehicle, argument == "vin" ? plan_.person.vin : plan_.person.plate);
}

void NoteSink::device(std::string_view argument) {
  const std::string serial = encounter_.device_serial.empty() ? patterned(random_, "SN@@######")
                                                              : encounter_.device_serial;
  out_.put_phi(PhiClass::kDevice, argument == "udi" ? encounter_.device_udi : serial);
}

void NoteSink::phone(std::string_view argument) {
  if (argument == "home") return put_phone(PhiClass::kPhone, plan_.person.home_phone);
  if (argument == "cell") return put_phone(PhiClass::kPhone, plan_.person.mobile_phone);
  if (argument == "work") return put_phone(PhiClass::kPhone, plan_.person.work_phone);
  if (argument == "author") return put_phone(PhiClass::kPhone, note_.author->phone);
  if (argument == "pager") return out_.put_phi(PhiClass::kPhone, note_.author->pager);
  put_phone(PhiClass::kPhone, encounter_.hospital->phone);
}

void NoteSink::fax(std::string_view) { put_phone(PhiClass::kFax, encounter_.hospital->fax); }

void NoteSink::email(std::string_view argument) {
  if (argument != "clinic") return out_.put_phi(PhiClass::kEmail, plan_.person.email);
  static constexpr std::string_view users[] = {"records", "scheduling", "dictation", "clinic",
                                               "pharmacy"};
  out_.put_phi(PhiClass::kEmail,
               std::string(users[random_.below(5)]) + "@" + encounter_.hospital->domain);
}

void NoteSink::url(std::string_view) {
  static constexpr std::string_view forms[] = {"https://mychart.{}/visits/{}",
                                               "www.{}/portal?id={}", "http://pacs.{}/study/{}",
                                               "portal.{}/r/{}"};
  const std::string_view form = forms[random_.below(4)];
  const std::string tail = patterned(random_, "######@");
  out_.put_phi(PhiClass::kUrl, fmt::format(fmt::runtime(form), encounter_.hospital->domain, tail));
}

void NoteSink::ip(std::string_view) { out_.put_phi(PhiClass::kIpAddress, make_ip(random_)); }

// {id:accession} {id:job} {id:specimen} {id:case}
void NoteSink::other_id(std::string_view argument) {
  std::string_view pattern = "########";
  if (argument == "accession") pattern = "RAD-##-#######";
  if (argument == "specimen") pattern = "S##-#####";
  if (argument == "case") pattern = "OR-####-####";
  out_.put_phi(PhiClass::kOtherId, patterned(random_, pattern));
}

void NoteSink::photo(std::string_view) {
  static constexpr std::string_view forms[] = {"IMG_####.jpg", "DSC#####.JPG",
                                               "wound_photo_######.png"};
  out_.put_phi(PhiClass::kPhoto, patterned(random_, forms[random_.below(3)]));
}

void NoteSink::biometric(std::string_view) {
  static constexpr std::string_view forms[] = {"FP-########", "IRIS:@#@#@#@#", "VP####-@@"};
  out_.put_phi(PhiClass::kBiometric, patterned(random_, forms[random_.below(3)]));
}

}  // namespace residency::synth
