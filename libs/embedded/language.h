/* Which language a post is in: by its script, and for Latin letters by its frequent words.
 * Pure; any thread. */
#pragma once

#include "tokens.h"

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
    LANGUAGE_RU,
    LANGUAGE_UK,
    LANGUAGE_EL,
    LANGUAGE_AR,
    LANGUAGE_FA,
    LANGUAGE_HE,
    LANGUAGE_HI,
    LANGUAGE_TH,
    LANGUAGE_ZH,
    LANGUAGE_JA,
    LANGUAGE_KO,
    LANGUAGE_UNKNOWN,
};

enum language language_find(const struct tokens *tokens);

/* "en", ...; "und" for unknown. */
const char *language_code(enum language language);

/* Is it a frequent word of that language, or of English? */
bool language_is_frequent(enum language language, uint64_t hash);
