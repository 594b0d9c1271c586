#include "links.h"

#include <string.h>
#include <strings.h>

#include "characters.h"
#include "found_tags.h"
#include "hosts.h"

enum { LINK_MAX = 4096, SLUG_MAX = 40, PROTOCOL = 8 /* https:// */ };

/* What the rules make of a place that looks like a link. */
struct match {
    size_t begin, host, host_end, path_end, end;
    bool has_protocol, is_after_bad; /* a sign before it that no bare host may follow */
};

static uint32_t at_place(struct piece text, size_t at)
{
    return character_at(text.at, text.length, at);
}

static bool may_stand_before(uint32_t c)
{
    return !character_is_ascii_alnum(c) && c != '@' && c != 0xFF20 && c != '$' && c != '#' &&
           c != 0xFF03 && c != 0xFEFF && c != 0xFFFE && c != 0xFFFF;
}

/* ---- paths and queries ---- */

static bool is_of_path(uint32_t c)
{
    return character_is_ascii_alnum(c) || character_is_among(c, "!*';:=+,.$/%#[]_~&|@-") ||
           (c >= 0x80 &&
            character_is(c, CHARACTER_CYRILLIC | CHARACTER_LATIN_ACCENT | CHARACTER_DASH));
}

static bool may_end_path(uint32_t c)
{
    return character_is_ascii_alnum(c) || character_is_among(c, "=_#/+-") ||
           (c >= 0x80 && character_is(c, CHARACTER_CYRILLIC | CHARACTER_LATIN_ACCENT));
}

static size_t path_run_end(struct piece text, size_t at)
{
    for (size_t after = at; after < text.length; at = after)
        if (!is_of_path(character_next(text.at, text.length, &after)))
            break;
    return at;
}

/* The end of "(film)" or "(album_(edited))"; 0 if what opens at `at` is not such. */
static size_t parentheses_end(struct piece text, size_t at)
{
    size_t run = path_run_end(text, at + 1), end = run;
    if (at_place(text, run) == '(') {
        size_t inner = path_run_end(text, run + 1);
        if (inner == run + 1 || at_place(text, inner) != ')')
            return 0;
        end = path_run_end(text, inner + 1);
    } else if (run == at + 1) {
        return 0;
    }
    return at_place(text, end) == ')' ? end + 1 : 0;
}

static size_t path_end(struct piece text, size_t slash)
{
    size_t best = slash + 1;
    for (size_t at = best; at < text.length;) {
        size_t after = at;
        uint32_t c = character_next(text.at, text.length, &after);
        if (c == '(') {
            after = parentheses_end(text, at);
            if (after == 0)
                break;
            best = after;
        } else if (!is_of_path(c)) {
            break;
        } else if (may_end_path(c)) {
            best = after;
        }
        at = after;
    }
    return best;
}

/* The end of "?a=b", or `at` if there is none. */
static size_t query_end(struct piece text, size_t at)
{
    size_t best = at;
    if (at_place(text, at) != '?')
        return at;
    for (size_t end = at + 1; end < text.length; end++) {
        uint32_t c = (uint8_t)text.at[end];
        if (!character_is_ascii_alnum(c) && !character_is_among(c, "!?*'();:&=+$/%#[]-_.,~|@"))
            break;
        if (character_is_ascii_alnum(c) || character_is_among(c, "_&=#/-"))
            best = end + 1;
    }
    return best;
}

static void measure_rest(struct piece text, struct match *match)
{
    size_t end = match->host_end;
    if (at_place(text, end) == ':') {
        size_t digits = end + 1;
        while (digits < text.length && character_is_digit((uint8_t)text.at[digits]))
            digits++;
        end = digits > end + 1 ? digits : end;
    }
    match->path_end = at_place(text, end) == '/' ? path_end(text, end) : 0;
    match->end = query_end(text, match->path_end > 0 ? match->path_end : end);
}

/* ---- hosts ---- */

static bool has_underscore(struct piece text, size_t begin, size_t end)
{
    return memchr(text.at + begin, '_', end - begin) != NULL;
}

/* Reads the labels behind the dot, once for all hosts that may begin before or among them: where
 * the longest host ends, and whether there is a top-level domain at all. */
static void read_chain(struct link_search *search, size_t dot)
{
    struct piece text = search->text;
    size_t label = dot + 1, end;
    bool has_top = host_top_end(text, label) > 0;
    search->chain_best = 0;
    while ((end = host_label_end(text, label)) > label && at_place(text, end) == '.') {
        size_t top = host_top_end(text, end + 1);
        has_top = has_top || top > 0;
        if (top > 0 && !has_underscore(text, label, end))
            search->chain_best = top;
        label = end + 1;
    }
    search->chain_end = label;
    if (!has_top)
        search->no_top_until = label;
}

/* The end of the longest host that begins at `at`; 0 if none does. */
static size_t host_end(struct link_search *search, size_t at)
{
    struct piece text = search->text;
    size_t dot = host_label_end(text, at);
    if (dot == at || at_place(text, dot) != '.')
        return 0;
    if (dot >= search->chain_end)
        read_chain(search, dot);
    if (search->chain_best > dot)
        return search->chain_best;
    return has_underscore(text, at, dot) ? 0 : host_top_end(text, dot + 1);
}

/* Where the run of letters, digits, '-' and '_' before the dot begins. */
static size_t run_begin(const struct link_search *search, size_t dot)
{
    size_t begin = dot, before;
    while (begin > search->from) {
        uint32_t c = character_before(search->text.at, begin, &before);
        if (!character_is(c, CHARACTER_HOST) && c != '-' && c != '_')
            break;
        begin = before;
    }
    return begin;
}

static size_t protocol_length(struct piece text, size_t end)
{
    if (end >= 8 && strncasecmp(text.at + end - 8, "https://", 8) == 0)
        return 8;
    return end >= 7 && strncasecmp(text.at + end - 7, "http://", 7) == 0 ? 7 : 0;
}

/* Is there a character before `at` that no earlier match has, and that a link may follow? */
static bool may_begin(const struct link_search *search, size_t at)
{
    size_t begin;
    return at == 0 ||
           (at > search->from && may_stand_before(character_before(search->text.at, at, &begin)));
}

static bool match_with_protocol(struct link_search *search, size_t host, struct match *match)
{
    size_t protocol = protocol_length(search->text, host);
    if (protocol == 0 || host - protocol < search->from || !may_begin(search, host - protocol))
        return false;
    size_t end = host_end(search, host);
    if (end == 0)
        return false;
    *match = (struct match){
        .begin = host - protocol, .host = host, .host_end = end, .has_protocol = true};
    measure_rest(search->text, match);
    return true;
}

/* A bare host may begin at the first place behind a character that it may follow. */
static bool match_bare(struct link_search *search, size_t run, size_t dot, struct match *match)
{
    struct piece text = search->text;
    for (size_t at = run; at < dot;) {
        size_t after = at, before;
        bool is_of_host =
            character_is(character_next(text.at, text.length, &after), CHARACTER_HOST);
        size_t end = is_of_host && may_begin(search, at) ? host_end(search, at) : 0;
        if (end > 0) {
            uint32_t sign = at > 0 ? character_before(text.at, at, &before) : ' ';
            *match = (struct match){.begin = at,
                                    .host = at,
                                    .host_end = end,
                                    .is_after_bad = character_is_among(sign, "-_./")};
            measure_rest(text, match);
            return true;
        }
        size_t next = after;
        if (is_of_host && may_begin(search, at)) {
            /* Only without an underscore in its first label may the rest still be one. */
            const char *underscore = memrchr(text.at + at, '_', dot - at);
            if (underscore == NULL || search->no_top_until > dot)
                return false;
            next = (size_t)(underscore - text.at) + 1;
        }
        at = next;
    }
    return false;
}

/* ---- what is a link of it ---- */

static bool is_short_enough(struct piece text, const struct match *match, size_t host,
                            size_t host_end)
{
    size_t encoded, characters = character_count(text.at + host, host_end - host);
    if (!host_encoded_length((struct piece){text.at + host, host_end - host}, &encoded))
        return false;
    size_t length = character_count(text.at + match->begin, match->end - match->begin) + encoded -
                    characters + (match->has_protocol ? 0 : PROTOCOL);
    return length <= LINK_MAX;
}

/* What begins earlier stays; what begins inside it goes. */
static void add(struct tags *tags, size_t begin, size_t end, struct arena *arena)
{
    while (tags->count > 0 && tags->items[tags->count - 1].begin >= begin)
        tags->count--;
    if (tags->count == 0 || tags->items[tags->count - 1].end <= begin)
        tags_add(tags, tag_spanning(TAG_LINK, begin, begin, end), arena);
}

/* "t.co/x" has no path but its one word. 0: the word is too long. */
static size_t short_link_end(struct piece text, const struct match *match)
{
    struct piece host = {text.at + match->host, match->host_end - match->host};
    bool is_short = host.length == 4 && strncasecmp(host.at, "t.co", 4) == 0 &&
                    at_place(text, match->host_end) == '/';
    size_t slug = match->host_end + 1, end = slug;
    while (is_short && end < match->end && character_is_ascii_alnum((uint8_t)text.at[end]))
        end++;
    if (!is_short || end == slug)
        return match->end;
    return end - slug > SLUG_MAX ? 0 : query_end(text, end);
}

static bool is_of_plain_host(uint32_t c)
{
    return character_is_ascii_alnum(c) || c == '-' || c == '_' ||
           (c >= 0x80 && character_is(c, CHARACTER_LATIN_ACCENT));
}

static size_t plain_label_end(struct piece text, size_t at)
{
    for (size_t after = at; after < text.length; at = after)
        if (!is_of_plain_host(character_next(text.at, text.length, &after)))
            break;
    return at;
}

/* The first host of Latin letters from *begin on, *begin is moved to it; 0 if there is none. */
static size_t plain_host_end(struct piece text, size_t *begin)
{
    for (size_t at = *begin; at < text.length;) {
        size_t best = 0, label = at, end;
        while ((end = plain_label_end(text, label)) > label && at_place(text, end) == '.') {
            size_t top = host_top_end(text, end + 1);
            best = top > 0 ? top : best;
            label = end + 1;
        }
        if (best > 0) {
            *begin = at;
            return best;
        }
        if (end == at)
            character_next(text.at, text.length, &end);
        at = end;
    }
    return 0;
}

/* Of a bare host only what is written in Latin letters is one, and there may be several in what
 * runs together; a path belongs to the last. */
static void add_plain_hosts(const struct link_search *search, const struct match *match,
                            struct tags *tags, struct arena *arena)
{
    struct piece hosts = {search->text.at, match->host_end};
    size_t begin = match->host, end = plain_host_end(hosts, &begin);
    while (end > 0) {
        size_t next = end, next_end = plain_host_end(hosts, &next);
        bool is_last = next_end == 0;
        if (is_short_enough(search->text, match, begin, end))
            add(tags, begin, is_last && match->path_end > 0 ? match->end : end, arena);
        begin = next;
        end = next_end;
    }
}

void links_take(struct link_search *search, size_t dot, struct tags *tags, struct arena *arena)
{
    struct piece text = search->text;
    if (dot < search->from || dot < search->no_top_until || dot + 1 >= text.length ||
        !character_is(at_place(text, dot + 1), CHARACTER_HOST))
        return;
    size_t run = run_begin(search, dot);
    struct match match;
    if (run == dot ||
        (!match_with_protocol(search, run, &match) && !match_bare(search, run, dot, &match)))
        return;
    search->from = match.end;
    if (!match.has_protocol) {
        if (!match.is_after_bad)
            add_plain_hosts(search, &match, tags, arena);
        return;
    }
    size_t end = short_link_end(text, &match);
    if (end > 0 && is_short_enough(text, &match, match.host, match.host_end))
        add(tags, match.begin, end, arena);
}
