#include "embedded/text/post_rules.h"

#include <string.h>
#include <strings.h>

#include "characters.h"
#include "tags.h"

/* ---- names and tags ---- */

/* The one tag that a text is; NULL if it is more or less. */
static const struct tag *only_tag(struct piece text, enum tag_kind kind, struct arena *arena)
{
    struct tags tags = tags_find(text, arena);
    bool is_whole = tags.count == 1 && tags.items[0].kind == kind && tags.items[0].begin == 0 &&
                    tags.items[0].end == text.length;
    return is_whole ? &tags.items[0] : NULL;
}

bool rules_allow_username(struct piece text, struct arena *arena)
{
    const struct tag *tag = only_tag(text, TAG_MENTION, arena);
    return tag != NULL && tag_list(tag, text).length == 0;
}

bool rules_allow_list(struct piece text, struct arena *arena)
{
    const struct tag *tag = only_tag(text, TAG_MENTION, arena);
    return tag != NULL && tag_list(tag, text).length > 0;
}

bool rules_allow_hashtag(struct piece text, struct arena *arena)
{
    return only_tag(text, TAG_HASHTAG, arena) != NULL;
}

/* ---- links ---- */

struct address {
    struct piece scheme, authority, path, query, fragment;
};

static struct piece part(struct piece text, size_t begin, size_t end)
{
    return (struct piece){text.at + begin, end - begin};
}

static size_t find_any(struct piece text, size_t from, const char *signs)
{
    while (from < text.length && (text.at[from] == '\0' || strchr(signs, text.at[from]) == NULL))
        from++;
    return from;
}

static struct address address_of(struct piece text)
{
    struct address address = {0};
    size_t at = 0, end = find_any(text, 0, ":/?#");
    if (end > 0 && text.length - end >= 3 && memcmp(text.at + end, "://", 3) == 0) {
        address.scheme = part(text, 0, end);
        at = end + 3;
    }
    end = find_any(text, at, "/?#");
    address.authority = part(text, at, end);
    at = end;
    end = find_any(text, at, "?#");
    address.path = part(text, at, end);
    if (end < text.length && text.at[end] == '?') {
        at = end + 1;
        end = find_any(text, at, "#");
        address.query = part(text, at, end);
    }
    if (end < text.length)
        address.fragment = part(text, end + 1, text.length);
    return address;
}

static bool is_hexadecimal(char c)
{
    return character_is_digit((uint8_t)c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* Are they all what an address may hold, or among `others`? */
static bool is_plain(struct piece text, const char *others)
{
    for (size_t at = 0; at < text.length;) {
        uint32_t c = character_next(text.at, text.length, &at);
        bool is_escape = c == '%' && text.length - at >= 2 && is_hexadecimal(text.at[at]) &&
                         is_hexadecimal(text.at[at + 1]);
        bool is_sign =
            c != 0 && c < 0x80 &&
            (strchr("-._~!$&'()*+,;=", (int)c) != NULL || strchr(others, (int)c) != NULL);
        bool is_letter = c >= 0x80 && character_is(c, CHARACTER_CYRILLIC | CHARACTER_DASH);
        if (!character_is_ascii_alnum(c) && !is_sign && !is_escape && !is_letter)
            return false;
    }
    return true;
}

enum label_place { LABEL_BEFORE, LABEL_DOMAIN, LABEL_TOP };

static bool is_label(struct piece label, enum label_place place)
{
    uint32_t last = '-';
    for (size_t at = 0; at < label.length;) {
        bool is_first = at == 0;
        uint32_t c = character_next(label.at, label.length, &at);
        bool is_inner = !is_first && (c == '-' || (c == '_' && place == LABEL_BEFORE));
        bool is_digit_first = is_first && place == LABEL_TOP && character_is_digit(c);
        if ((c < 0x80 && !character_is_ascii_alnum(c) && !is_inner) || is_digit_first)
            return false;
        last = c;
    }
    return last != '-' && last != '_';
}

static size_t next_dot(struct piece host, size_t at)
{
    const char *dot = memchr(host.at + at, '.', host.length - at);
    return dot != NULL ? (size_t)(dot - host.at) : host.length;
}

static bool is_domain(struct piece host)
{
    size_t at = 0;
    for (size_t dot = next_dot(host, 0); dot < host.length; dot = next_dot(host, at)) {
        bool is_last = next_dot(host, dot + 1) == host.length;
        if (!is_label(part(host, at, dot), is_last ? LABEL_DOMAIN : LABEL_BEFORE))
            return false;
        at = dot + 1;
    }
    return at > 0 && is_label(part(host, at, host.length), LABEL_TOP);
}

static bool is_octet(struct piece digits)
{
    unsigned value = 0;
    if (digits.length == 0 || digits.length > 3 || (digits.length > 1 && digits.at[0] == '0'))
        return false;
    for (size_t i = 0; i < digits.length; i++) {
        if (!character_is_digit((uint8_t)digits.at[i]))
            return false;
        value = value * 10 + (unsigned)(digits.at[i] - '0');
    }
    return value <= 255;
}

static bool is_ipv4(struct piece host)
{
    int octets = 0;
    for (size_t at = 0; at <= host.length; octets++) {
        size_t dot = next_dot(host, at);
        if (!is_octet(part(host, at, dot)))
            return false;
        at = dot + 1;
    }
    return octets == 4;
}

static bool is_ipv6(struct piece host)
{
    if (host.length < 3 || host.at[0] != '[' || host.at[host.length - 1] != ']')
        return false;
    for (size_t i = 1; i + 1 < host.length; i++)
        if (!is_hexadecimal(host.at[i]) && host.at[i] != ':' && host.at[i] != '.')
            return false;
    return true;
}

/* "user:word@host:80" */
static bool is_authority(struct piece authority)
{
    enum { PORT_MAX_DIGITS = 5 };
    size_t at = find_any(authority, 0, "@");
    size_t begin = at < authority.length ? at + 1 : 0;
    if (begin > 0 && !is_plain(part(authority, 0, at), ":"))
        return false;
    struct piece host = part(authority, begin, authority.length);
    size_t bracket = find_any(host, 0, "]"), colon = bracket < host.length ? bracket : 0;
    colon = find_any(host, colon, ":");
    size_t digits = colon < host.length ? host.length - colon - 1 : 1;
    if (digits == 0 || digits > PORT_MAX_DIGITS)
        return false;
    for (size_t i = colon + 1; i < host.length; i++)
        if (!character_is_digit((uint8_t)host.at[i]))
            return false;
    host.length = colon;
    return is_ipv4(host) || is_ipv6(host) || is_domain(host);
}

static bool is_address(const struct address *address)
{
    return is_authority(address->authority) &&
           (address->path.length == 0 || address->path.at[0] == '/') &&
           is_plain(address->path, ":|@/") && is_plain(address->query, ":|@/?") &&
           is_plain(address->fragment, ":|@/?");
}

bool rules_allow_link(struct piece text)
{
    struct address address = address_of(text);
    struct piece scheme = address.scheme;
    bool is_web = (scheme.length == 4 && strncasecmp(scheme.at, "http", 4) == 0) ||
                  (scheme.length == 5 && strncasecmp(scheme.at, "https", 5) == 0);
    return is_web && is_address(&address);
}

bool rules_allow_bare_link(struct piece text)
{
    struct address address = address_of(text);
    return is_address(&address);
}
