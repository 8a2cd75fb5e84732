// People and places of the synthetic hospital.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "synth/day.h"
#include "synth/random.h"
#include "synth/tables.h"

namespace residency::synth {

struct PersonName {
  std::string given;
  std::string middle;  // "" where none
  std::string family;
};

/// A doctor or nurse.
struct Clinician {
  std::string id;  // UUID
  PersonName name;
  std::string credential;  // "MD", "DO", "NP", "RN"
  std::string npi;
  std::string dea;      // "" for nurses
  std::string license;  // state licence
  std::string phone;
  std::string pager;
};

struct Hospital {
  std::string id;           // UUID of the Organization
  std::string location_id;  // UUID of the Location
  HospitalSeed place;
  std::string phone;  // ten digits
  std::string fax;
  std::string domain;  // "harlowgeneral.org"
  std::vector<Clinician> clinicians;
  std::vector<std::string> wards;
};

/// What does not depend on the patients: it is made from the seed alone.
struct World {
  std::vector<Hospital> hospitals;
};

World make_world(const Tables& tables, std::uint64_t seed);

struct Contact {
  std::string relation;  // "wife", "son", ...
  PersonName name;
  std::string phone;  // ten digits
};

struct PatientPerson {
  std::string id;  // UUID
  std::string culture;
  PersonName name;
  std::string preferred;  // "" where none
  bool female = false;
  Day birth{};
  std::string street;
  std::string unit;  // "Apt 4B" or ""
  Place place;
  std::string home_phone;
  std::string mobile_phone;
  std::string work_phone;
  std::string email;
  std::string ssn;  // nine digits
  std::string mrn;
  std::string driver_license;
  std::string plan;
  std::string member_id;
  std::string group_number;
  std::string employer;
  std::string job;
  std::string marital;  // FHIR code: "M", "S", "W", "D"
  std::string plate;
  std::string vin;
  std::vector<Contact> contacts;
};

PatientPerson make_patient(const Tables& tables, Random random, Day today);

/// "Mary Ann Smith"
std::string full_name(const PersonName& name);

}  // namespace residency::synth
