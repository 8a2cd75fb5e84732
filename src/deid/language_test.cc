#include "deid/language.h"

#include <gtest/gtest.h>

namespace residency::deid {
namespace {

std::string twice(std::string_view text) { return std::string(text) + "\n" + std::string(text); }

TEST(Language, OtherLanguagesAreTold) {
  const std::string spanish = twice(
      "La paciente fue ingresada por dolor en el pecho que se irradia al brazo izquierdo. Con el "
      "tratamiento la evolución fue buena y los análisis de control están dentro de lo normal. Se "
      "da "
      "de alta con cita en la consulta para el seguimiento de su enfermedad.");
  const std::string german = twice(
      "Die Patientin wurde mit Schmerzen in der Brust auf die Station aufgenommen und von dem "
      "diensthabenden Arzt untersucht. Das EKG ist nicht auffällig, die Blutwerte sind im Verlauf "
      "zu kontrollieren. Für die weitere Behandlung ist eine Vorstellung bei dem Hausarzt zu "
      "planen.");
  EXPECT_EQ(language_of(spanish), TextLanguage::kOtherLanguage);
  EXPECT_EQ(language_of(german), TextLanguage::kOtherLanguage);
}

TEST(Language, OtherScriptsAreTold) {
  std::string russian;
  for (int i = 0; i < 20; ++i) russian += "Пациент поступил с болью в груди. ";
  EXPECT_EQ(language_of(russian), TextLanguage::kOtherScript);
  std::string chinese;
  for (int i = 0; i < 40; ++i) chinese += "患者因胸痛入院。";
  EXPECT_EQ(language_of(chinese), TextLanguage::kOtherScript);
}

TEST(Language, EnglishAndTelegraphicNotesAreSupported) {
  EXPECT_EQ(
      language_of(twice("The patient was admitted with chest pain and was treated with aspirin. "
                        "She is to see her doctor in two weeks for a check of her blood "
                        "pressure. There was no evidence of infarction.")),
      TextLanguage::kSupported);
  EXPECT_EQ(language_of(
                twice("72F HTN DM2 CKD3 c/o SOB x3d. VSS afeb O2 94% RA. Lungs crackles bibasilar. "
                      "BNP 900 trop neg CXR edema. Lasix 40 IV, admit tele, echo am, cards "
                      "c/s. NPO p MN, DVT ppx heparin SQ. Full code. Family aware. RN Dela "
                      "Cruz. Dispo pending PT OT eval SNF placement vs home w services")),
            TextLanguage::kSupported);
  EXPECT_EQ(language_of(
                twice("Interpreter used. Daughter (王小梅, also 小梅) reports that the patient was "
                      "well until the day before; the family says \"dolor en el pecho\" and "
                      "that he was short of breath. Ivanova, Наталья, called at noon and "
                      "will come in the afternoon with his tablets.")),
            TextLanguage::kSupported);
  EXPECT_EQ(language_of("Hola"), TextLanguage::kSupported) << "too short to tell";
  EXPECT_EQ(language_of(""), TextLanguage::kSupported);
}

}  // namespace
}  // namespace residency::deid
