/* A bit for each language that is told by words: what the lists of words for languages hold. */
#pragma once

#include "languages.h"

enum {
    EN = 1 << LANGUAGE_EN,
    DE = 1 << LANGUAGE_DE,
    ES = 1 << LANGUAGE_ES,
    FR = 1 << LANGUAGE_FR,
    PT = 1 << LANGUAGE_PT,
    IT = 1 << LANGUAGE_IT,
    NL = 1 << LANGUAGE_NL,
    TR = 1 << LANGUAGE_TR,
    ID = 1 << LANGUAGE_ID,
    PL = 1 << LANGUAGE_PL,
    SV = 1 << LANGUAGE_SV,
    TL = 1 << LANGUAGE_TL,
    RO = 1 << LANGUAGE_RO,
    CS = 1 << LANGUAGE_CS,
    HU = 1 << LANGUAGE_HU,
    FI = 1 << LANGUAGE_FI,
    DA = 1 << LANGUAGE_DA,
    NO = 1 << LANGUAGE_NO,
    VI = 1 << LANGUAGE_VI,
    CA = 1 << LANGUAGE_CA,
    HI = 1 << LANGUAGE_HI,
};
