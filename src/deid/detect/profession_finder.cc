#include "deid/detect/profession_finder.h"

#include <algorithm>
#include <unordered_set>

#include "deid/detect/word_table.h"

namespace residency::deid {
namespace {

using Set = std::unordered_set<std::string_view>;

const Set& professions() {
  static const Set kWords{"attendant",     "tuner",          "oboist",
                          "flautist",      "cellist",        "classer",
                          "timberman",     "hydrogeologist", "picker",
                          "sorter",        "loader",         "tattooist",
                          "gemologist",    "archer",         "fiddler",
                          "mistress",      "postmistress",   "clothier",
                          "beader",        "carver",         "accountant",
                          "actor",         "actress",        "actuary",
                          "agent",         "aide",           "airman",
                          "alderman",      "analyst",        "anthropologist",
                          "appraiser",     "apprentice",     "arborist",
                          "archaeologist", "architect",      "archivist",
                          "artist",        "assembler",      "assistant",
                          "astronomer",    "athlete",        "attorney",
                          "auctioneer",    "auditor",        "author",
                          "bailiff",       "baker",          "banker",
                          "barber",        "barista",        "barkeeper",
                          "bartender",     "beautician",     "beekeeper",
                          "biologist",     "blacksmith",     "boilermaker",
                          "bookbinder",    "bookkeeper",     "bouncer",
                          "brakeman",      "brewer",         "bricklayer",
                          "broker",        "builder",        "bursar",
                          "busboy",        "butcher",        "buyer",
                          "cabbie",        "cabinetmaker",   "caddie",
                          "captain",       "caretaker",      "carpenter",
                          "cartographer",  "cashier",        "caterer",
                          "chaplain",      "chauffeur",      "chef",
                          "chemist",       "cleaner",        "clergyman",
                          "clerk",         "coach",          "cobbler",
                          "coder",         "colonel",        "columnist",
                          "comedian",      "composer",       "concierge",
                          "conductor",     "consultant",     "contractor",
                          "cook",          "corporal",       "cosmetologist",
                          "councilman",    "counselor",      "courier",
                          "cowboy",        "crofter",        "crossing-guard",
                          "curator",       "custodian",      "dancer",
                          "dealer",        "deckhand",       "dentist",
                          "designer",      "detective",      "developer",
                          "dietitian",     "dishwasher",     "dispatcher",
                          "docent",        "docker",         "dockworker",
                          "doorman",       "drafter",        "draftsman",
                          "dressmaker",    "driver",         "drummer",
                          "drywaller",     "economist",      "editor",
                          "educator",      "electrician",    "embalmer",
                          "engineer",      "esthetician",    "estimator",
                          "evangelist",    "executive",      "fabricator",
                          "farmer",        "farmhand",       "firefighter",
                          "fireman",       "firewoman",      "fisher",
                          "fisherman",     "fitter",         "florist",
                          "foreman",       "forester",       "forger",
                          "furrier",       "gardener",       "geologist",
                          "glassblower",   "glazier",        "goldsmith",
                          "golfer",        "governess",      "grocer",
                          "grower",        "guard",          "guide",
                          "gunsmith",      "hairdresser",    "handyman",
                          "harvester",     "herder",         "historian",
                          "homemaker",     "horticulturist", "hostess",
                          "housekeeper",   "hunter",         "illustrator",
                          "imam",          "infantryman",    "inspector",
                          "installer",     "interpreter",    "inventor",
                          "investigator",  "ironworker",     "janitor",
                          "jeweler",       "jockey",         "journalist",
                          "judge",         "laborer",        "labourer",
                          "landscaper",    "laundress",      "lawyer",
                          "lecturer",      "librarian",      "lieutenant",
                          "lifeguard",     "lineman",        "linguist",
                          "lobbyist",      "locksmith",      "logger",
                          "longshoreman",  "lumberjack",     "machinist",
                          "magician",      "maid",           "mailman",
                          "manager",       "manicurist",     "marine",
                          "mason",         "masseuse",       "mathematician",
                          "mayor",         "meatpacker",     "mechanic",
                          "merchant",      "metallurgist",   "metalworker",
                          "meteorologist", "midwife",        "milkman",
                          "miller",        "millwright",     "miner",
                          "minister",      "missionary",     "model",
                          "monk",          "mover",          "muralist",
                          "musician",      "nanny",          "naturalist",
                          "navigator",     "notary",         "novelist",
                          "nun",           "nurse",          "nurseryman",
                          "officer",       "operator",       "optician",
                          "organist",      "oysterman",      "packer",
                          "painter",       "paralegal",      "paramedic",
                          "paratrooper",   "park-ranger",    "parson",
                          "pastor",        "paver",          "pharmacist",
                          "philosopher",   "photographer",   "physician",
                          "physicist",     "pianist",        "pilot",
                          "pipefitter",    "planner",        "plasterer",
                          "player",        "plumber",        "poet",
                          "policeman",     "policewoman",    "politician",
                          "porter",        "postman",        "postmaster",
                          "potter",        "presser",        "priest",
                          "principal",     "printer",        "producer",
                          "professor",     "programmer",     "promoter",
                          "prospector",    "psychologist",   "publisher",
                          "quarryman",     "rabbi",          "railwayman",
                          "rancher",       "ranchhand",      "ranger",
                          "realtor",       "receptionist",   "recruiter",
                          "rector",        "referee",        "reporter",
                          "researcher",    "restaurateur",   "retailer",
                          "rigger",        "riveter",        "roofer",
                          "roughneck",     "roustabout",     "sailor",
                          "salesman",      "salesperson",    "saleswoman",
                          "sawyer",        "scientist",      "sculptor",
                          "seaman",        "seamster",       "seamstress",
                          "secretary",     "senator",        "sergeant",
                          "sexton",        "sharecropper",   "shearer",
                          "shepherd",      "sheriff",        "shoemaker",
                          "shopkeeper",    "shrimper",       "singer",
                          "skipper",       "smith",          "sociologist",
                          "soldier",       "songwriter",     "spinner",
                          "stacker",       "statistician",   "steelworker",
                          "stenographer",  "stevedore",      "steward",
                          "stewardess",    "stockbroker",    "stonecutter",
                          "stonemason",    "student",        "stylist",
                          "submariner",    "superintendent", "supervisor",
                          "surgeon",       "surveyor",       "tailor",
                          "tanner",        "taxidermist",    "teacher",
                          "teamster",      "technician",     "technologist",
                          "teller",        "tester",         "therapist",
                          "tiler",         "tinsmith",       "toolmaker",
                          "trader",        "trainer",        "translator",
                          "trapper",       "trawlerman",     "treasurer",
                          "truckdriver",   "trucker",        "tutor",
                          "typist",        "umpire",         "undertaker",
                          "upholsterer",   "usher",          "valet",
                          "vendor",        "veteran",        "veterinarian",
                          "vicar",         "vintner",        "violinist",
                          "waiter",        "waitress",       "warden",
                          "weaver",        "weigher",        "welder",
                          "winemaker",     "woodworker",     "worker",
                          "wrangler",      "writer",         "zookeeper"};
  return kWords;
}

/// Words that end a profession's modifiers.
bool is_stop(std::string_view word) {
  static const Set kWords{
      "old",  "yo",    "m",     "f",     "male",  "female",   "man",  "woman", "year-old",
      "a",    "the",   "his",   "her",   "their", "our",      "by",   "with",  "to",
      "and",  "or",    "of",    "for",   "in",    "on",       "at",   "from",  "who",
      "that", "this",  "has",   "had",   "have",  "been",     "be",   "were",  "are",
      "not",  "no",    "per",   "via",   "saw",   "sees",     "see",  "seen",  "patient",
      "pt",   "he",    "she",   "they",  "it",    "also",     "then", "while", "when",
      "but",  "every", "each",  "any",   "some",  "visiting", "my",   "your",  "another",
      "same", "other", "using", "called"};
  return kWords.contains(word);
}

bool is_firm_lead(std::string_view word) {
  return word == "as" || word == "retired" || word == "former" || word == "occupation" ||
         word == "prior" || word == "ex" || word == "profession" || word == "job" ||
         word == "career" || word == "employed" || word == "shx" || word == "previously" ||
         word == "unemployed" || word == "disabled" || word == "semi-retired";
}

bool is_being(std::string_view word) {
  return word == "is" || word == "was" || word == "became" || word == "remains" ||
         word == "works" || word == "worked" || word == "being" || word == "be" || word == "i'm" ||
         word == "am";
}

bool is_family(const Token& token) { return token.is(kFlagRelation) || token.lower == "parents"; }

std::string_view between(std::string_view text, const Token& left, const Token& right) {
  return text.substr(left.end, right.begin - left.end);
}

bool plain_gap(std::string_view gap) {
  return gap == " " || gap == "-" || gap == "\n" || gap == "/";
}

/// True where a sentence or an item begins at token `i`.
bool starts_item(std::string_view text, const std::vector<Token>& tokens, std::size_t i) {
  std::size_t at = tokens[i].begin;
  while (at > 0 && (text[at - 1] == ' ' || text[at - 1] == '-' || text[at - 1] == '*')) --at;
  return at == 0 || text[at - 1] == '.' || text[at - 1] == '\n' || text[at - 1] == ';' ||
         text[at - 1] == ':';
}

bool ends_item(std::string_view text, std::size_t at) {
  return at >= text.size() || text[at] == '.' || text[at] == ',' || text[at] == ';' ||
         text[at] == '\n' || text.substr(at, 5) == " for " || text.substr(at, 4) == " at " ||
         text.substr(at, 2) == " x";
}

/// "<family> a pharmacy technician", "is a miner", "works as a cook", "an actuary": how firmly what
/// stands before token `first` (the first of the profession's words) says that someone is one.
bool led(std::string_view text, const std::vector<Token>& tokens, std::size_t first, bool staff) {
  if (first == 0) return false;
  const Token& one = tokens[first - 1];
  const std::string_view gap = between(text, one, tokens[first]);
  const bool near = gap.size() <= 4 && gap.find('.') == std::string_view::npos;
  if (near && is_firm_lead(one.lower))
    return !staff || (one.lower != "former" && one.lower != "prior");
  // "46M delivery driver", "35-year-old fiddle maker"
  if ((one.lower == "old" || one.lower == "yo" || one.lower == "m" || one.lower == "f" ||
       one.lower == "year-old" || one.lower == "male" || one.lower == "female" ||
       one.lower == "man" || one.lower == "woman") &&
      (gap == " " || gap == ", "))
    return true;
  if (gap.size() >= 2 && gap.back() == '(') return !staff;
  if (one.lower != "a" && one.lower != "an") return near && is_family(one) && gap == " ";
  if (first < 2 || gap != " ") return false;
  const Token& two = tokens[first - 2];
  if (is_being(two.lower) || is_firm_lead(two.lower)) return true;
  if (is_family(two) || two.lower == "woman" || two.lower == "man" || two.lower == "male" ||
      two.lower == "female" || two.lower == "gentleman" || two.lower == "lady")
    return true;
  // "Drew (a line cook", "his son, a welder"
  const std::string_view before = between(text, two, one);
  return !staff && !is_stop(two.lower) && (before == " (" || before == ", ");
}

}  // namespace

bool is_staff_word(std::string_view word) {
  static const Set kWords{
      "nurse",        "therapist",  "physician",  "surgeon",    "pharmacist", "dentist",
      "psychologist", "counselor",  "worker",     "technician", "assistant",  "aide",
      "interpreter",  "translator", "chaplain",   "dietitian",  "paramedic",  "midwife",
      "technologist", "resident",   "officer",    "manager",    "guide",      "model",
      "investigator", "agent",      "supervisor", "educator",   "coach",      "caretaker",
      "conductor",    "fitter",     "inspector",  "operator",   "planner",    "packer",
      "presser",      "trainer",    "tester",     "player",     "pilot",      "driver",
      "researcher",   "author",     "minister",   "major",      "judge",      "producer",
      "builder",      "writer",     "cleaner",    "buyer",      "editor",     "designer"};
  return kWords.contains(word);
}

void each_profession(const std::function<void(std::string_view)>& take) {
  for (const std::string_view word : professions()) take(word);
}

std::vector<Span> find_professions(std::string_view text, const std::vector<Token>& tokens) {
  std::vector<Span> spans;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (!tokens[i].is(kFlagProfession)) {
      // "tool-and-die maker" is one word and its head; "welder-fitter" ends in one.
      const std::size_t hyphen = tokens[i].lower.rfind('-');
      if (hyphen == std::string::npos ||
          !professions().contains(tokens[i].lower.substr(hyphen + 1)))
        continue;
    }
    if (text.substr(tokens[i].end, 2) == "'s") continue;
    const bool staff = is_staff_word(tokens[i].lower);
    // The widest run of up to three modifiers that something leads to.
    std::size_t found = tokens.size();
    for (std::size_t first = i;; --first) {
      if (led(text, tokens, first, staff)) found = first;
      if (found == tokens.size() && starts_item(text, tokens, first) &&
          ends_item(text, tokens[i].end) && (!staff || first < i))
        found = first;
      if (first == 0 || i - first >= 3) break;
      const Token& before = tokens[first - 1];
      if (is_stop(before.lower) || is_firm_lead(before.lower) || is_being(before.lower) ||
          is_family(before) || before.lower == "a" || before.lower == "an" ||
          !plain_gap(between(text, before, tokens[first])) || before.is(kFlagNeverName))
        break;
    }
    if (found == tokens.size()) continue;
    spans.push_back({tokens[found].begin, tokens[i].end, PhiClass::kProfession, 0.75,
                     Reason::kContext, "profession"});
  }
  return spans;
}

}  // namespace residency::deid
