/* What KNOWN_NAMES says of a word. Constant. */
#pragma once

enum known_name {
    KNOWN_NOTHING,
    KNOWN_GIVEN,  /* given name */
    KNOWN_FAMILY, /* family name, or both names of somebody well known */
    KNOWN_PLACE,
    KNOWN_ORGANISATION,
    KNOWN_WORK,     /* product, film, game; to here: names in small letters too */
    KNOWN_PEOPLE,   /* "french": of a people or a faith */
    KNOWN_CALENDAR, /* written large, and no name */
    KNOWN_TITLE,    /* before a person */
    KNOWN_TAIL,     /* at the end of an organisation */
    KNOWN_GROUND,   /* in the name of a place */
};
