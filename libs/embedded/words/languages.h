/* The languages that posts are told to be in. Constant. */
#pragma once

enum language {
    LANGUAGE_EN, /* from here to LANGUAGE_SV: a bit each in FREQUENT_WORDS */
    LANGUAGE_DE,
    LANGUAGE_ES,
    LANGUAGE_FR,
    LANGUAGE_PT,
    LANGUAGE_IT,
    LANGUAGE_NL,
    LANGUAGE_TR,
    LANGUAGE_ID,
    LANGUAGE_PL,
    LANGUAGE_SV,
    LANGUAGE_TL, /* Tagalog; ISO 639-1, as X calls it */
    LANGUAGE_RO,
    LANGUAGE_CS,
    LANGUAGE_HU,
    LANGUAGE_FI,
    LANGUAGE_DA,
    LANGUAGE_NO,
    LANGUAGE_VI,
    LANGUAGE_CA,
    LANGUAGE_HI, /* to here: told by words; Hindi is written in Latin letters too */
    LANGUAGE_RU,
    LANGUAGE_UK,
    LANGUAGE_EL,
    LANGUAGE_AR,
    LANGUAGE_FA,
    LANGUAGE_UR,
    LANGUAGE_HE,
    LANGUAGE_BN,
    LANGUAGE_PA,
    LANGUAGE_GU,
    LANGUAGE_TA,
    LANGUAGE_TE,
    LANGUAGE_KN,
    LANGUAGE_ML,
    LANGUAGE_SI,
    LANGUAGE_TH,
    LANGUAGE_MY,
    LANGUAGE_KA,
    LANGUAGE_AM,
    LANGUAGE_KM,
    LANGUAGE_ZH,
    LANGUAGE_JA,
    LANGUAGE_KO,
    LANGUAGE_UNKNOWN,
};

enum { LANGUAGES_BY_WORDS = LANGUAGE_HI + 1 };
