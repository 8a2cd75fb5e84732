#include "deid/detect/patterns.h"

#include <array>

namespace residency::deid {
namespace {

using enum PhiClass;

// Parts shared by several rows. Separators stay within a line unless a row says otherwise.
#define R_MONTH                                                                           \
  "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?" \
  "(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
#define R_WEEKDAY "(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?"
#define R_CLOCK "(?:[ T,]{1,2}(?:at )?[0-2]?[0-9]:[0-5][0-9](?::[0-5][0-9])?(?: ?[ap]\\.?m\\.?)?)?"
#define R_IS "\\s{0,3}(?:number|num|no\\.?|nr|#|id)?\\s{0,3}(?:is|was)?[:#.=|\\t ]{0,6}\\s{0,3}"
#define R_ID "([a-z]{0,4}[-./:]?[0-9][0-9a-z]*(?:[-./][0-9a-z]+){0,4})"
#define R_PHONE                                                                                 \
  "(?:\\+?1[-. ]?)?(?:\\( ?[2-9][0-9][0-9] ?\\)\\s?|[2-9][0-9][0-9][-. /]{1,3})[2-9][0-9][0-9]" \
  "[-. ]{1,3}[0-9]{4}"
#define R_EXT "(?:[ ,]{0,2}(?:x|ext\\.?|extension)[ .]?[0-9]{1,6})?"
#define R_SUFFIX                                                                            \
  "(?:street|st|avenue|ave|road|rd|drive|dr|lane|ln|boulevard|blvd|court|ct|circle|cir|way" \
  "|place|pl|terrace|ter|parkway|pkwy|highway|hwy|trail|trl|square|sq|loop|pike|alley|run"  \
  "|path|row|crossing|ridge|commons|heights|turnpike|tpke|plaza)"

constexpr auto kPatterns = std::to_array<Pattern>({
    // Dates.
    {"date_iso", kDate,
     "\\b((?:18|19|20)[0-9][0-9][-/.][01]?[0-9][-/.][0-3]?[0-9](?:[T "
     "][0-2][0-9]:[0-5][0-9](?::[0-5][0-9](?:\\.[0-9]{1,6})?)?(?:Z|[-+][0-9]{2}:?[0-9]{2})?)?)\\b",
     Check::kDate},
    {"date_numeric", kDate,
     "\\b([0-3]?[0-9](?:-[0-3]?[0-9]-|/[0-3]?[0-9]/|\\.[0-3]?[0-9]\\.)(?:(?:18|19|20)[0-9][0-9]|"
     "[0-9][0-9]))\\b",
     Check::kDate},
    {"date_stamp", kDate,
     "\\b((?:19|20)[0-9]{2}[01][0-9][0-3][0-9](?:[0-2][0-9][0-5][0-9](?:[0-5][0-9])?)?)\\b",
     Check::kDate, 0.8},
    {"date_month_day", kDate,
     "\\b((?:" R_WEEKDAY "[,.]?\\s{1,2})?" R_MONTH
     "\\.?[-\\s]{0,2}[0-3]?[0-9](?:st|nd|rd|th)?(?:\\s?[,/"
     "-]?\\s{0,2}'?(?:(?:18|19|20)[0-9][0-9]|['/-][0-9][0-9]))?)\\b",
     Check::kDate},
    {"date_day_month", kDate,
     "\\b((?:" R_WEEKDAY
     "[,.]?\\s{1,2})?(?:the )?[0-3]?[0-9](?:st|nd|rd|th)?[-\\s/]{1,2}(?:day of |of )?" R_MONTH
     "\\.?(?:[-,\\s/]{1,3}'?(?:(?:18|19|20)[0-9][0-9]|[0-9][0-9]))?)\\b",
     Check::kDate},
    {"date_month_year", kDate,
     "\\b(" R_MONTH "\\.?(?:,|\\sof)?[-\\s/]{1,2}'?(?:(?:18|19|20)[0-9][0-9]))\\b", Check::kNone},
    {"date_month_short_year", kDate, "\\b(" R_MONTH "\\.?\\s?'[0-9][0-9])\\b"},
    {"date_month_slash_year", kDate, "\\b((?:0?[1-9]|1[0-2])[/-](?:19|20)[0-9][0-9])\\b"},
    {"date_month_alone", kDate,
     "\\b(January|February|April|June|July|August|September|October|November|December|(?:in|since|"
     "last|by|of|until|early|late|mid|this|next|from|during|through) "
     "(?:March|May|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec))\\b",
     Check::kNone, 0.8, false},
    {"date_slash_in_context", kDate,
     "\\b(?:on|since|from|until|till|through|thru|by|dated?|before|after|seen|due|of|admit(?:ted)?|"
     "adm|discharged?|d/c'?d?|visit|started|last|d\\.?o\\.?[bsa]\\.?|f/"
     "u|appt|appointment|surgery|lmp|x-?ray|ct|mri)[: "
     "]{1,3}((?:0?[1-9]|1[0-2])/(?:0?[1-9]|[12][0-9]|3[01]))\\b"},
    {"date_holiday", kDate,
     "\\b((?:the )?(?:4th|fourth) of july|thanksgiving(?: day)?|christmas(?: (?:day|eve))?|new "
     "year'?s(?: (?:day|eve))?|easter(?: sunday)?|memorial day|labor day|veterans'? "
     "day|halloween|valentine'?s day|mother'?s day|father'?s day|independence day|columbus "
     "day|martin luther king day|mlk day|presidents'? day|good friday|ramadan|hanukkah|yom "
     "kippur|rosh hashanah|passover|diwali|cinco de mayo|st\\.? patrick'?s day|groundhog "
     "day|juneteenth|boxing day|"
     "kwanzaa|eid(?: al-(?:fitr|adha))?|(?:lunar|chinese) new year|mardi gras|ash wednesday|palm "
     "sunday|flag day|election day|all saints'? day|day of the dead|super bowl sunday|black friday"
     "|labou?r day)\\b",
     Check::kNone, 0.8},
    {"date_weekday", kDate,
     "\\b((?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?|(?:MON|TUES|WEDNES|THURS|FRI|SATUR|SUN)DAY|"
     "TUES|THURS)\\b",
     Check::kNone, 0.8, false},
    {"date_weekday_dated", kDate,
     "\\b((?:mon|tues?|wed|weds|thurs?|thu|fri|sat|sun)\\.?,? "
     "(?:0?[1-9]|1[0-2])/(?:0?[1-9]|[12][0-9]|3[01])"
     "(?:/(?:20)?[0-9]{2})?)\\b"},
    {"date_weekday_short", kDate,
     "\\b(?:on|this|next|last|since|until|til|till|by|every|visit|eval|appt|due) "
     "(mon|tues?|weds?|thur?s?|fri|sat|sun)\\b",
     Check::kNone, 0.7},
    // Month and day alone: what scores and strengths (4/5, 2/6, 7/10, 28/30) can't be.
    {"date_slash_bare", kDate,
     "(?:^|[^0-9a-z./,+-])((?:0?[1-9]|1[0-2])/(?:13|14|1[6-9]|2[2356]|29|31))(?:[^0-9a-z/"
     "%.-]|"
     "[.](?:[^0-9]|$)|-(?:[^0-9]|$)|$)",
     Check::kNone, 0.7},
    {"date_slash_line", kDate,
     "(?:^|\\n)[ \\t*-]{0,6}((?:0?[1-9]|1[0-2])/(?:0?[1-9]|[12][0-9]|3[01]))(?::|[ \\t]{2,}|[ "
     "\\t](?:[A-Z]|[0-2][0-9]:?[0-5][0-9]))",
     Check::kNone, 0.8, false},
    {"date_slash_after", kDate,
     "\\b(?:addendum|appt|d/c|dc|foley|line|tlc|picc|drain|failed|extubated|intubated|echo|eeg|ekg|"
     "cxr|cultures?|bcx|ucx|bronch|egd|cath|biopsy|bx|mammogram|colonoscopy|ultrasound|us|pet)[: "
     "]{1,2}"
     "((?:0?[1-9]|1[0-2])/(?:0?[1-9]|[12][0-9]|3[01]))(?:[^0-9/%]|$)",
     Check::kNone, 0.7},
    // Ages.
    {"age_years_old", kAge,
     "\\b([0-9]{1,3})[- ]{0,2}(?:years?|yrs?\\.?|y)[-\\s/]{0,2}(?:old|o\\b|of age|f\\b|m\\b)",
     Check::kPlainAge},
    {"age_yo", kAge, "\\b([0-9]{1,3})[- ]?(?:y\\.?/?\\.?o\\.?|yo[mf]?|yr|yrs)\\b", Check::kPlainAge,
     0.9},
    {"age_months_old", kAge, "\\b([0-9]{1,3})[- ]{1}(?:months?|weeks?|days?|mos?|wks?)[-\\s]old\\b",
     Check::kPlainAge},
    {"age_label", kAge,
     "\\b(?:age|aged|age of|age at "
     "[a-z]+|age/sex|sex/age)[:\\s|]{1,16}([0-9]{1,3})(?:\\b|[mfy]\\b|yo\\b|yrs?\\b)",
     Check::kPlainAge, 0.9},
    {"age_sex", kAge,
     "(?:^|[^0-9.a-zA-Z/-])([1-9][0-9]?|1[01][0-9])[ "
     "-]?(?:M|male|female|man|woman|w/m|b/m|w/f|b/f|wm|wf|bm|bf)\\b",
     Check::kPlainAge, 0.8, false},
    {"age_f", kAge, "(?:^|[^0-9.a-zA-Z/-])([1-9]|[1-8][0-9]|9[0-4])[ -]?F\\b", Check::kPlainAge,
     0.8, false},
    {"age_person", kAge,
     "\\b([1-9][0-9]?|1[01][0-9])[- ](?:year|yr)[- "
     "]?(?:old)?\\s(?:man|woman|male|female|boy|girl|gentleman|lady|patient|[a-z]{3,12} "
     "(?:man|woman|male|female))\\b",
     Check::kPlainAge},
    {"age_words", kAge,
     "\\b((?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[- "
     "](?:one|two|three|four|five|six|seven|eight|nine))?|(?:one|two|three|four|five|six|seven|"
     "eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen))["
     "- ](?:years?|yrs?|months?)[- ](?:old|of age)\\b"},
    {"age_decade", kAge,
     "\\b(?:in|from|since|until|by) (?:his|her|their) (?:early |mid |late "
     "|mid-|early-|late-)?([2-9]0'?s|nineties|eighties)\\b",
     Check::kNone, 0.7},
    {"age_turned", kAge,
     "\\b(?:turned|turning|is now|at age|age|aged|died "
     "at|until)\\s([1-9][0-9]?|1[01][0-9])(?:\\s(?:and|last|this|years|in|from|of)\\b|[.,;])",
     Check::kPlainAge, 0.6},
    {"age_was", kAge,
     "\\b(?:turn(?:s|ed|ing)?|when (?:he|she|i|they|we) (?:was|were))\\s([1-9][0-9]?|1[01][0-9])"
     "(?:\\s(?:and|last|this|next|in|on|today|yesterday|soon)\\b|[.,;!?\\n]|$)",
     Check::kPlainAge, 0.8},
    {"age_months", kAge,
     "\\b(?:age(?: today| now)?|at|since|by age|aged)[: ]{1,2}([0-9]{1,2})[ -]?(?:mos?|months?)\\b",
     Check::kPlainAge, 0.6},
    {"age_lived", kAge,
     "(?:(?:^|[ ,(])d\\.|\\blived to(?: be)?|\\bdec(?:eased|'d)|\\bdead at|\\bdied,?(?: of [a-z "
     "]{3,24},?)?(?: at| @| "
     "age)?) ([1-9][0-9]|1[01][0-9])(?:[^0-9./%-]|[.](?:[^0-9]|$)|$)",
     Check::kPlainAge, 0.75},
    {"age_illness", kAge,
     "\\b(?:ca|cancer|lymphoma|leukemia|melanoma|mi|stroke|cva|dementia|diabetes|cad|chf|menarche|"
     "menopause)(?: at|,? age| @| dx(?:'d)?| dx(?:'d)? "
     "at)\\s([1-9][0-9]?)(?:[^0-9./%-]|[.](?:[^0-9]|"
     "$)|$)",
     Check::kPlainAge, 0.7},
    {"age_family", kAge,
     "\\b(?:mother|father|mom|dad|sister|brother|aunt|uncle|grandmother|grandfather|mgm|mgf|pgm|"
     "pgf|"
     "cousin|son|daughter)[^.;\\n0-9]{0,40}\\b(?:ca|cancer|mi|cva|stroke)[ "
     "@(]{1,2}([2-9][0-9])(?:[,;)]|"
     "[.](?:[^0-9]|$)|\\n|$)",
     Check::kPlainAge, 0.7},
    {"age_kin_at", kAge,
     "\\b(?:mother|father|mom|dad|sister|brother|aunt|uncle|grandmother|grandfather|cousin|son|"
     "daughter|twin|sibling)[^.;\\n0-9]{0,50}\\b(?:at|since) (?:age "
     ")?([1-9][0-9]?)(?:[,;)]|[.](?:[^0-9]|"
     "$)|\\n|$)",
     Check::kPlainAge, 0.7},
    {"age_until", kAge,
     "\\b(?:until|till|when|since|before) (?:she|he|they) (?:is|was|were|turns|turned) "
     "([1-9][0-9]?|1[01][0-9])\\b(?:[^0-9/%:-]|$)",
     Check::kPlainAge, 0.7},
    {"age_after_name", kAge,
     "\\b(?:mr|mrs|ms|miss|pt)\\.?\\s[^,.;:()\\n]+,\\s([1-9][0-9]?|1[01][0-9]),", Check::kPlainAge,
     0.85},
    {"age_event", kAge,
     "\\b(?:dx|dx'd|diagnosed|died|onset|passed|deceased|age|aged)(?: away)?\\s(?:at|of|@)(?: age| "
     "the age of)?\\s([1-9][0-9]?|1[01][0-9])\\b",
     Check::kPlainAge, 0.8},
    {"age_parenthesis", kAge, "\\(([1-9][0-9]?|1[01][0-9]),? ?(?:male|female|m|f|man|woman)\\b",
     Check::kPlainAge, 0.9},
    {"age_words_after", kAge,
     "\\b((?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[- "
     "](?:one|two|three|four|five|six|seven|eight|nine))?)(?:,? (?:male|female|man|woman)|[- "
     "]y/?o\\b|[- ]year)",
     Check::kNone, 0.9},
    {"age_words_label", kAge,
     "\\b(?:age|aged|age of)\\s((?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[- "
     "](?:one|two|three|four|five|six|seven|eight|nine))?)\\b",
     Check::kNone, 0.9},
    {"date_spaced", kDate,
     "\\b([0-3]?[0-9] [-/.] [0-3]?[0-9] [-/.] (?:(?:18|19|20)[0-9][0-9]|[0-9][0-9]))\\b",
     Check::kDate},
    {"date_military", kDate, "\\b([0-3]?[0-9]" R_MONTH "(?:(?:18|19|20)[0-9][0-9]|[0-9][0-9]))\\b",
     Check::kDate},
    {"date_slash_clock", kDate,
     "\\b((?:0?[1-9]|1[0-2])/(?:0?[1-9]|[12][0-9]|3[01])),?\\s(?:at )?[0-2]?[0-9]:?[0-5][0-9]\\b"},
    {"date_slash_verb", kDate,
     "\\b(?:arrived|arrival|seen|called|scheduled|presented|refilled|checked|drawn|collected|"
     "stopped|filled|dated|labs|done|returned|reviewed|signed|placed|removed)[: "
     "]{1,2}((?:0?[1-9]|1[0-2])/(?:0?[1-9]|[12][0-9]|3[01]))\\b"},
    {"initials_pair", kClinicianName,
     "(?:^|\\n)([A-Z][A-Za-z]{1,2}[:/][A-Za-z]{2,3})(?:\\s{2}|\\n|\\sD)", Check::kNone, 0.8, false},
    {"initials_line", kClinicianName,
     "\\n\\n([A-Z][A-Za-z][A-Z]?)(?:\\s[0-2]?[0-9]:?[0-5][0-9](?: hrs)?)?\\s*(?:\\n|$)",
     Check::kNone, 0.7, false},
    {"name_credentialed", kClinicianName,
     "\\b([A-Z][A-Za-z'\\x80-\\xff-]*\\.?(?: [A-Z]\\.?)?(?: "
     "[a-z]{2,3}){0,2}\\s[A-Z][A-Za-z'\\x80-\\xff-]+(?:\\s[A-Z][A-Za-z'\\x80-\\xff-]+)?),\\s?(?:MD|"
     "M\\.D\\.|DO|D\\.O\\.|NP|FNP|PA-C|RN|CRNA|DPM|PharmD|PhD|LPN|DDS)\\b",
     Check::kNone, 0.9, false},
    {"name_slash_s", kClinicianName,
     "/s/\\s{0,2}([A-Z][A-Za-z'.\\x80-\\xff-]*(?: [A-Za-z'.\\x80-\\xff-]+){1,3})", Check::kNone,
     0.9, false},
    {"name_told", kClinicianName,
     "\\b(?:tells|told|paged|notified)\\s((?:[a-z]{2,3} "
     "){0,2}[A-Z][a-z'\\x80-\\xff]+(?:-[A-Z][a-z]+)?)\\s(?:that|of|about|regarding|who)\\b",
     Check::kNone, 0.8, false},
    {"age_listed", kAge,
     "[a-z.],\\s((?:[1-9][0-9]?|1[01][0-9]|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|"
     "ninety)(?:-(?:one|two|three|four|five|six|seven|eight|nine))?)),\\s(?:[mf]\\b|complains|"
     "presents|has|had|who|was|is|with)",
     Check::kNone, 0.85},
    {"group_number", kHealthPlanId, "\\b(?:group|grp|policy)[:#. ]{1,3}([a-z]{0,3}[0-9]{4,12})\\b",
     Check::kNone, 0.85},
    // Telephone, fax, pager.
    {"fax", kFax, "\\b(?:fax|facsimile)[^0-9(+\\n]{0,12}((?:" R_PHONE "|\\+?[0-9]{10,11}\\b))"},
    {"phone", kPhone, "(?:^|[^0-9.+-])(" R_PHONE R_EXT ")\\b", Check::kPhone},
    {"phone_label", kPhone,
     "\\b(?:tel(?:ephone)?|phone|ph|cell|mobile|call|home|work|pager|beeper|callback|contact|reach("
     "?:ed)?)(?: (?:number|no|phone|at|is))?[\\s.:#]{1,4}(\\+?[0-9(][-0-9(). /]{8,16}[0-9]" R_EXT
     ")\\b",
     Check::kPhone},
    {"phone_label_groups", kPhone,
     "\\b(?:tel(?:ephone)?|phone|ph|cell|mobile|fax|desk|office|answering at|messages? to|(?:call|"
     "text|reach) (?:me|him|her|us|them) (?:on|at))(?: (?:number|no|at|is))?[\\s.:#]{1,4}"
     "(\\(?\\+?[0-9]{2,4}\\)?(?:[-. ][0-9]{2,4}){2,4})\\b",
     Check::kNone, 0.85},
    {"phone_groups_label", kPhone,
     "(?:^|[^0-9.+-])(\\(?[0-9]{2,4}\\)?(?:[-. ][0-9]{2,4}){2,4})[ -]?(?:office|mobile|cell|fax|"
     "home|work|desk)\\b",
     Check::kNone, 0.85},
    {"phone_seven", kPhone,
     "\\b(?:tel|phone|ph|cell|mobile|call|pager|home|work|desk|office)(?: "
     "(?:at|is|number))?[\\s.:#]{1,4}([2-9][0-9]{2}[-. ][0-9]{4}" R_EXT ")\\b"},
    {"pager", kPhone,
     "\\b(?:pager|beeper|pgr|page[: ]{1,2}(?:at|#)|paged|bpr)(?: "
     "(?:number|no\\.?|at|id))?[\\s.:#]{1,4}(?:at |# "
     "?)?([0-9][0-9-]{2,11})\\b"},
    {"phone_ext", kPhone, "\\b(?:ext\\.?[ :#]{0,2}|extension[ .:#]{0,2}|x)([0-9]{3,6})\\b",
     Check::kNone, 0.7},
    {"phone_international", kPhone,
     "(\\+[1-9][0-9]{0,2}[-. ]?(?:\\(?[0-9]{1,4}\\)?[-. ]?){2,5}[0-9]{2,4})\\b", Check::kPhone},
    {"zip_label", kZip,
     "\\b(?:zip|postal|post)(?:[ -]?code)?(?: is| of)?[:\\s]{1,3}([0-9]{3,6}(?: ?[a-z]{2})?)\\b",
     Check::kNone, 0.85},
    {"apartment", kStreet,
     "(?:\\b(?:apt|apartment)|(?:^|[,\\n])\\s{0,4}(?:suite|ste))\\.?[ \\t]#?[0-9]{1,5}[a-z]?\\b",
     Check::kNone, 0.8},
    // E-mail, addresses of machines and pages.
    {"email", kEmail, "\\b([a-z0-9._%+'-]+@[a-z0-9-]+(?:\\.[a-z0-9-]+){1,4})\\b"},
    {"email_spelled", kEmail,
     "\\b([a-z0-9._%+-]+ ?[\\[({<]? ?\\bat\\b ?[\\])}>]? ?[a-z0-9-]+(?: ?[\\[({<]? ?\\bdot\\b "
     "?[\\])}>]? ?[a-z]{2,12}){1,3})\\b",
     Check::kNone, 0.9},
    {"email_bracketed", kEmail,
     "\\b([a-z0-9._%+-]+ ?[\\[({<] ?at ?[\\])}>] ?[a-z0-9.-]+\\.[a-z]{2,8})\\b"},
    {"email_spaced", kEmail,
     "\\b([a-z0-9._%+-]+ ?@ ?[a-z0-9-]+(?: ?\\. ?[a-z0-9-]{2,20})? ?\\. "
     "?(?:com|org|net|edu|gov|mil|info|io|us|uk|ca|de))\\b",
     Check::kNone, 0.9},
    {"url", kUrl, "\\b((?:https?|ftp)://[^\\s<>\"'()]+[^\\s<>\"'().,;:])"},
    {"url_www", kUrl,
     "\\b(www\\.[a-z0-9-]+(?:\\.[a-z]{2,12}){1,3}(?:/[^\\s<>\"'(),;]+[a-z0-9/])?)\\b", Check::kNone,
     0.95},
    {"url_bare", kUrl,
     "\\b([a-z0-9-]+(?:\\.[a-z0-9-]+){0,3}\\.(?:org|com|net|edu|gov|info|health|io)/"
     "[^\\s<>\"'(),;]+[a-z0-9/])\\b"},
    {"url_domain", kUrl, "(?:^|[\\s(])((?:[a-z0-9-]+\\.){1,3}(?:org|com|net|edu|gov))\\b",
     Check::kNone, 0.8},
    {"ipv4", kIpAddress, "\\b([0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3})\\b", Check::kIpv4},
    {"ipv6", kIpAddress,
     "\\b((?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}|(?:[0-9a-f]{1,4}:){2,6}(?::[0-9a-f]{1,4}){1,5}|[0-9a-"
     "f]{4}:(?::[0-9a-f]{1,4}){1,5})\\b",
     Check::kHasDigit},
    {"mac_address", kDevice, "\\b((?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2})\\b"},
    {"user_handle", kOtherId,
     "\\b(?:user ?name|user ?id|login|userid|portal id|handle:)[ :#=]{1,4}([a-z0-9._@-]+)\\b",
     Check::kNone, 0.8},
    {"guid", kOtherId, "\\b([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\\b"},
    // Numbers with a form of their own.
    {"ssn", kSsn, "\\b([0-9]{3}[- ][0-9]{2}[- ][0-9]{4})\\b", Check::kSsn},
    {"ssn_label", kSsn,
     "\\b(?:ssn|ss#|s\\.s\\.n\\.?|social(?: security)?(?: "
     "(?:number|no\\.?|num))?)(?:\\s?#|\\s(?:is|of|ending(?: in)?|last "
     "(?:4|four)))*[\\s:#.=(]{0,4}(?:last (?:4|four):? ?|ending(?: in)? ?)?((?:[x*]{3}[- "
     "]?[x*]{2}[- ]?[0-9]{4}|[0-9]{3}[-. ]?[0-9]{2}[-. ]?[0-9]{4}|[0-9]{4}))\\b"},
    {"npi_label", kLicense, "\\bnpi" R_IS "([12][0-9]{9})\\b"},
    {"npi", kLicense, "\\b([12][0-9]{9})\\b", Check::kNpi, 0.8},
    {"dea", kLicense, "\\b([a-z][a-z9][0-9]{7})\\b", Check::kDea, 0.9},
    {"license_label", kLicense,
     "\\b(?:lic(?:en[sc]e)?|dea|upin|cert(?:ificate|ification)?|dl|driver'?s "
     "lic(?:en[sc]e)?|driver lic(?:en[sc]e)?|passport)\\.?" R_IS
     "([a-z]{0,3}[- ]?[0-9][0-9a-z-]{3,15})\\b",
     Check::kHasDigit, 0.9},
    {"vin", kVehicle, "\\b([a-hj-npr-z0-9]{17})\\b", Check::kVin},
    {"plate", kVehicle,
     "\\b(?:lic(?:en[sc]e)? plates?|plates?[:#]|plates? (?:no\\.?|number|#)|tag[:#]|tag (?:no\\.?|"
     "number|#)|vehicle registration|registration[:#]|(?:car|truck|van|vehicle|sedan|suv|pickup|"
     "motorcycle)[^.\\n]{0,24} plate)" R_IS "((?:[a-z]{2}[ -])?[a-z0-9]{1,4}[- ]?[a-z0-9]{2,5})\\b",
     Check::kHasDigit, 0.85},
    {"vehicle_label", kVehicle, "\\bvin" R_IS "([a-z0-9-]{8,20})\\b", Check::kHasDigit, 0.9},
    {"udi", kDevice, "(\\(01\\)[0-9]{14}(?:\\([0-9]{2}\\)[a-z0-9-]{1,20}){0,4})"},
    {"device_label", kDevice,
     "\\b(?:serial|s/n|sn|udi|lot|model|ref|device|implant|imei)(?: "
     "(?:number|no\\.?|num|id|#))?[:#. ]{1,4}([a-z]{0,6}-?[0-9][0-9a-z-]{3,24})\\b",
     Check::kHasDigit, 0.85},
    {"serial_form", kDevice, "\\b(SN[-]?[A-Z]{0,3}[0-9]{5,12})\\b", Check::kNone, 0.9, false},
    {"biometric_label", kBiometric,
     "\\b(?:fingerprint|finger print|retina(?:l)?(?: scan)?|iris(?: scan)?|voice "
     "?print|biometric|face ?print|palm(?: ?print)?)(?: "
     "(?:template|scan|id|number|no\\.?|ref(?:erence)?|on file|hash))*[:#. "
     "(]{1,4}([a-z]{0,5}[:-]?[a-z]{0,3}[0-9][0-9a-z-]{3,30})\\b",
     Check::kHasDigit, 0.9},
    {"biometric_form", kBiometric,
     "\\b((?:FP|IRIS|VP|RET)[-:]?[A-Z0-9]{4,16}(?:-[A-Z0-9]{1,4})?)\\b", Check::kHasDigit, 0.9,
     false},
    {"photo_file", kPhoto, "\\b([a-z0-9_-]+\\.(?:jpe?g|png|tiff?|bmp|heic|gif|dcm))\\b"},
    // Numbers with a label.
    {"mrn_label", kMrn,
     "\\b(?:mrn|m\\.r\\.n\\.?|mr|medical record(?:s)?|med(?:ical)? "
     "rec(?:ord)?|chart|unit|hospital|patient id|pt id|patient|record|hosp|pid|name/id)(?:[:#]| "
     "(?:number|num|no\\.?|nr|id|#)| ?#)[:#.=|\\s]{0,5}" R_ID "\\b",
     Check::kHasDigit},
    {"mrn_label_bare", kMrn,
     "\\b(?:mrn|mr ?#|medical record|med rec(?: no)?)[:#.=|\\s]{0,6}" R_ID "\\b", Check::kHasDigit},
    {"member_label", kHealthPlanId,
     "\\b(?:member|subscriber|policy|insurance|plan|medicare|medicaid|hicn|mbi|group|beneficiary|"
     "insured|health ?plan|hmo|ppo|ins)(?:[:#]| (?:number|num|no\\.?|id|#|id#|id:)| "
     "?#)[:#.=\\s]{0,5}([a-z]{0,4}-?[0-9][0-9a-z-]{3,20}|[a-z]{1,4} [0-9][0-9-]{4,20})\\b",
     Check::kHasDigit},
    {"account_label", kAccount,
     "\\b(?:acct|account|visit|encounter|enc|csn|fin|billing|admission|adm|guarantor|invoice|bill|"
     "har)(?:[:#]| (?:number|num|no\\.?|id|#)| ?#)[:#.=\\s]{0,5}" R_ID "\\b",
     Check::kHasDigit, 0.9},
    {"account_bare", kAccount, "\\b(?:acct|account|csn|fin)[.:#=\\s]{1,4}" R_ID "\\b",
     Check::kHasDigit, 0.85},
    {"other_label", kOtherId,
     "\\b(?:accession|acc|order|req(?:uisition)?|specimen|case|path(?:ology)?|study|report|job|"
     "dictation|document|doc|confirmation|reference|ref|ticket|claim|auth(?:orization)?|prior "
     "auth|referral|rx|prescription|transcription|trial|subject|d|t|jn|sample|tracking|employee|"
     "badge|student|dict|voice id|control|incident|emp)(?:[:#]| "
     "?(?:number|num|no\\.?|nr|id|#|job))+[:#.=\\s]{0,5}([a-z]{0,5}[-./]?[0-9][0-9a-z]*(?:[-./"
     ":][0-9a-z]+){0,4})\\b",
     Check::kHasDigit, 0.85},
    {"accession_form", kOtherId, "\\b([A-Z]{1,4}-?[0-9]{2,4}-[0-9]{3,8})\\b", Check::kNone, 0.8,
     false},
    {"dictation_foot", kOtherId,
     "\\b(?:dd|dt|d|t|job|doc|id|jn|dictated|ref)[:/#]\\s?([0-9]{6,12})\\b", Check::kNone, 0.7},
    {"long_number", kOtherId, "(?:^|[^0-9.,a-z/%-])([0-9]{7,20})\\b", Check::kNone, 0.6},
    {"letter_number", kOtherId, "\\b([A-Z]{1,3}[0-9]{6,12})\\b", Check::kNone, 0.6, false},
    {"dashed_number", kMrn, "\\b([0-9]{2,3}-[0-9]{2}-[0-9]{2})\\b", Check::kNone, 0.6},
    // Places.
    {"street", kStreet,
     "\\b([0-9]{1,6}[a-z]?(?:-[0-9]{1,4})? (?:(?:N|S|E|W|NE|NW|SE|SW|North|South|East|West)\\.? "
     ")?(?:[A-Z0-9][a-zA-Z0-9'.\\x80-\\xff-]{0,20} "
     "){0,3}?[A-Z0-9][a-zA-Z0-9'\\x80-\\xff-]{0,20}\\s(?i:" R_SUFFIX ")\\b\\.?(?: "
     "(?:N|S|E|W|NE|NW|SE|SW)\\b)?(?:,?\\s(?i:apt|apartment|suite|ste|unit|lot|#|rm|room|bldg|"
     "floor|fl)\\.?\\s?#?[A-Za-z0-9-]{1,6})?)",
     Check::kNone, 0.9, false},
    {"po_box", kStreet, "\\b(p\\.? ?o\\.? ?box\\s[0-9]{1,7})\\b"},
    {"zip_plus", kZip, "\\b([0-9]{5}-[0-9]{4})\\b"},
    {"zip_state", kZip,
     "\\b(?:AL|AK|AZ|AR|CA|CO|CT|DE|DC|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS|MO|MT|NE|NV|"
     "NH|NJ|NM|NY|NC|ND|OH|OK|OR|PA|PR|RI|SC|SD|TN|TX|UT|VT|VA|WA|WV|WI|WY)[,.]?\\s{1,3}([0-9]{5})"
     "\\b",
     Check::kNone, 0.95, false},
    {"zip_label", kZip, "\\bzip(?: ?code)?[: ]{1,3}([0-9]{5})\\b"},
    {"ward", kWard,
     "\\b((?:MICU|SICU|CICU|CVICU|NICU|PICU|CCU|ICU|PACU|L&D|ED|ER)(?: "
     "(?:[Bb]ed|[Bb]ay|[Rr]oom|[Rr]m|BED|BAY|ROOM))? "
     "?[0-9]{1,4}[A-Z]?|(?:MICU|SICU|CVICU|NICU|PICU|CCU|ICU)-[A-Z0-9](?: [0-9]{1,3})?|LDR "
     "?[0-9]{1,2}|[Pp]od "
     "[A-Z0-9]|POD [A-Z]|[Ww]ing [A-Z0-9]\\b|[1-9][0-9]? (?:Tower|TOWER) "
     "(?:East|West|North|South|EAST|"
     "WEST|NORTH|SOUTH)|(?:[Ww]ard|WARD|[Uu]nit|UNIT) [0-9]{1,2}[A-Z]?|[1-9][0-9]? "
     "?(?:North|South|East|West|NORTH|SOUTH|EAST|WEST|Tower|TOWER)(?: "
     "[A-D])?|(?:[Rr]oom|[Rr]m\\.?|ROOM|RM|["
     "Bb]ed|BED) [0-9]{1,4}-?[A-Z0-9]?)\\b",
     Check::kNone, 0.7, false},
    {"ward_label", kWard,
     "\\b(?:location|ward|unit|floor)\\s?:\\s{0,3}([a-z0-9&][a-z0-9& "
     "-]{1,20}[a-z0-9])(?:[\\t\\n,;.]|  |$)",
     Check::kNone, 0.7},
    {"ward_known", kWard, "\\b(MICU|SICU|CICU|CVICU|NICU|PICU|CCU)\\b", Check::kNone, 0.6, false},
    // Names that only their place in a sentence gives away.
    {"name_service", kClinicianName,
     "\\b(?:Nephro|Nephrology|Cards|Cardiology|ID|GI|Neuro|Neurology|Pulm|Pulmonary|Surgery|Ortho|"
     "Heme|Onc|Heme/Onc|Oncology|Endo|Psych|Psychiatry|Renal|Urology|Derm|ENT|Rheum|Palliative|PCP|"
     "Anesthesia|Hospitalist|PT|OT|SLP|SW|CM) \\(((?:Drs?\\.? )?[A-Z][a-z'\\x80-\\xff]+(?:[ -][A-Z]"
     "[a-z'\\x80-\\xff]+)?)\\)",
     Check::kNone, 0.8, false},
    {"name_label_capitals", kPatientName,
     "\\b(?:[Nn]ame|NAME|[Pp]atient|PATIENT)\\s?:\\s{1,3}([A-Z]{2,20}, [A-Z]{2,20}(?: [A-Z])?)\\b",
     Check::kNone, 0.9, false},
    {"name_goes_by", kPatientName,
     "\\b(?:goes by|known as|nickname|nicknamed|prefers to be called|preferred name|also known as|"
     "a\\.?k\\.?a\\.?|friends call (?:her|him|them))[: ]{1,2}[\"'(]?([A-Z][A-Za-z'\\x80-\\xff-]+)",
     Check::kNone, 0.85, false},
    {"initials_typist", kClinicianName,
     "\\b(?:transcribed|typed|dictated)[^\\n]{0,40}/ ?([a-z]{2,3})\\b(?:\\n|$|[ ;,.])",
     Check::kNone, 0.7},
    {"id_label", kOtherId,
     "\\b(?:id|id bands?|band|badge|interpreter|armband)(?: ?#| ?no\\.?| ?number| ?id ?#?)?[:# "
     "]{1,3}"
     "([a-z]{0,3}[0-9]{4,12})\\b",
     Check::kNone, 0.75},
    {"city_zip", kCity,
     "(?:[,\\n]\\s{0,3}|\\b(?:in|at|of|to|from|near) )([A-Z][a-z'\\x80-\\xff]+(?: "
     "[A-Z][a-z'\\x80-\\xff]+){0,2})[, ]{1,2}[0-9]{5}"
     "(?:-[0-9]{4})?\\b",
     Check::kNone, 0.8, false},
    {"zip_city", kZip,
     "(?:[,\\n]\\s{0,3}|\\b(?:in|at|of|to|from|near) )[A-Z][a-z'\\x80-\\xff]+(?: "
     "[A-Z][a-z'\\x80-\\xff]+){0,2}[, ]{1,2}([0-9]{5}"
     "(?:-[0-9]{4})?)\\b",
     Check::kNone, 0.8, false},
    {"mbi_form", kHealthPlanId,
     "\\b([1-9][AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y][0-9]-?[AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y][0-9]-?"
     "[AC-HJKMNP-RT-Y]{2}[0-9]{2})\\b",
     Check::kNone, 0.9, false},
    {"letter_dash_number", kOtherId, "\\b([A-Z]{1,3}-[0-9]{5,9})\\b", Check::kNone, 0.7, false},
    {"tax_id", kOtherId, "\\b(?:tin|ein|tax id|fein)[:# ]{1,3}([0-9]{2}-?[0-9]{7})\\b"},
    {"plan_id", kHealthPlanId,
     "\\b(?:id|grp|rxgrp|rx group|group/policy|group|policy|subscriber)[:# "
     "]{1,3}([a-z]{1,8}-?[0-9][0-9a-z]"
     "*(?:-[0-9a-z]+){0,3}|[0-9]{4,9}-[0-9a-z]{1,4})\\b",
     Check::kHasDigit, 0.75},
    {"member_id_spaced", kHealthPlanId,
     "\\bmember (?:id|#|no\\.?|number)[:# ]{1,10}([a-z]{0,3}[0-9]{3,6} [0-9]{3,6}(?: "
     "[0-9]{2,6})?)\\b"},
    {"initials_sign_off", kClinicianName,
     "(?:[.!?)]|\\n)\\s{0,2}-{1,2} ?([A-Z]{1,3})\\.?[ \\t]{0,4}(?:\\n|$)", Check::kNone, 0.7,
     false},
    {"initials_dictator", kClinicianName, "[0-9]\\s{1,4}([A-Z]{2,3}[/:][a-z]{2,3})\\b",
     Check::kNone, 0.7, false},
    {"street_crossing", kStreet,
     "\\b([A-Z][a-z]+(?: [A-Z][a-z]+)? "
     "(?:St|Ave|Rd|Dr|Blvd|Ln|Street|Avenue|Road|Drive|Boulevard|Lane|"
     "Pkwy|Hwy)\\.? (?:&|and|at|near|@) [A-Z][a-z]+(?: [A-Z][a-z]+)? "
     "(?:St|Ave|Rd|Dr|Blvd|Ln|Street|"
     "Avenue|Road|Drive|Boulevard|Lane|Pkwy|Hwy))\\b",
     Check::kNone, 0.85, false},
    {"street_named", kStreet,
     "\\b(?:on|at|off|along|from|near|of) ([A-Z][a-z]+(?: [A-Z][a-z]+)? "
     "(?:Street|Avenue|Boulevard|Parkway|"
     "Highway|Turnpike))\\b",
     Check::kNone, 0.75, false},
    {"street_county_road", kStreet,
     "\\b([A-Z]?[0-9]{3,6} (?:[NSEW]\\.? )?(?:County Road|County Rd|State Route|State "
     "Road|Route|Rte|"
     "Hwy|Highway|Interstate) ?[A-Z0-9-]{1,6})\\b",
     Check::kNone, 0.85, false},
    {"street_floor", kStreet,
     "\\b(?:hwy|ave|avenue|street|st|road|rd|blvd|drive|dr|way)\\.?, "
     "([0-9]{1,3}(?:st|nd|rd|th) (?:floor|fl))\\b",
     Check::kNone, 0.8},
    {"dashed_form", kOtherId,
     "\\b([A-Z]{1,4}[0-9]{0,2}-[0-9A-Z]{2,6}-[0-9A-Z]{1,6}(?:-[0-9A-Z]{1,4})?)\\b",
     Check::kThreeDigits, 0.7, false},
    {"mark_label", kOtherId,
     "\\b(?:chart|badge|gate code #|toe tag|seal|inquest|docket|locker|case|file|cassettes?)(?: "
     "no\\.?| "
     "number| ?#)?[:# ]{1,2}([a-z]{0,3}[- ]?[0-9][0-9a-z-]{2,12})\\b",
     Check::kThreeDigits, 0.75},
    {"ssn_last_four", kSsn, "\\blast (?:four|4)[: (]{1,2}([a-z]?[0-9]{4})\\b"},
    {"tag_form", kVehicle, "\\btag ([A-Z]{2} [A-Z0-9]{1,3}-[0-9A-Z]{2,4}(?: [0-9]{2,4})?)\\b",
     Check::kNone, 0.85, false},
    {"license_form", kLicense,
     "\\b((?:LCSW|LMSW|LPC|LMFT|APRN|FNP|CNM|RN|LPN|MD|DO|PA|NP|CRNA|PSY|PT|OT|RPH|DDS)-[0-9]{4,9})"
     "\\b",
     Check::kNone, 0.85, false},
});

}  // namespace

std::span<const Pattern> patterns() { return kPatterns; }

}  // namespace residency::deid
