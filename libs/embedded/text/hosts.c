#include "hosts.h"

#include <string.h>
#include <strings.h>

#include "characters.h"
#include "embedded/words/vocabulary.h"

enum { LABEL_MAX = 63, LABEL_MAX_BYTES = 4 * LABEL_MAX, TOP_MAX_BYTES = 96 };

size_t host_label_end(struct piece text, size_t at)
{
    size_t end = at, after = at;
    while (after < text.length) {
        bool is_first = after == at;
        uint32_t c = character_next(text.at, text.length, &after);
        if (character_is(c, CHARACTER_HOST))
            end = after;
        else if ((c != '-' && c != '_') || is_first)
            break;
    }
    return end;
}

/* A top-level domain is no beginning of a longer word or of an address. */
static bool may_end(struct piece text, size_t end)
{
    uint32_t c = character_at(text.at, text.length, end);
    return !character_is_ascii_alnum(c) && c != '@' && c != '+' && c != '-';
}

static size_t encoded_top_end(struct piece text, size_t at)
{
    if (text.length - at < 4 || strncasecmp(text.at + at, "xn--", 4) != 0)
        return 0;
    size_t end = at + 4;
    while (end < text.length && character_is_ascii_alnum((uint8_t)text.at[end]))
        end++;
    return end > at + 4 ? end : 0;
}

size_t host_top_end(struct piece text, size_t at)
{
    size_t best = 0;
    uint64_t hash = HASH_BEGIN;
    for (size_t end = at; end < text.length && end - at < TOP_MAX_BYTES;) {
        uint32_t c = character_next(text.at, text.length, &end);
        if (!character_is(c, CHARACTER_HOST))
            break;
        char bytes[4];
        hash = hash_bytes(hash, bytes, character_put(character_lower(c), bytes));
        bool is_inside =
            c < 0x80 && end < text.length && character_is_ascii_alnum((uint8_t)text.at[end]);
        if (!is_inside && may_end(text, end) && vocabulary_has(&TOP_DOMAINS, hash))
            best = end;
    }
    return best > 0 ? best : encoded_top_end(text, at);
}

/* ---- RFC 3492 ---- */

static size_t adapted(size_t delta, size_t points, bool is_first)
{
    size_t k = 0;
    delta = is_first ? delta / 700 : delta / 2;
    for (delta += delta / points; delta > 455; k += 36)
        delta /= 35;
    return k + 36 * delta / (delta + 38);
}

/* How many digits a number takes. */
static size_t digits_of(size_t number, size_t bias)
{
    size_t digits = 1;
    for (size_t k = 36;; k += 36, digits++) {
        size_t threshold = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;
        if (number < threshold)
            return digits;
        number = (number - threshold) / (36 - threshold);
    }
}

static uint32_t least_from(const uint32_t *points, size_t count, uint32_t from)
{
    uint32_t least = UINT32_MAX;
    for (size_t i = 0; i < count; i++)
        if (points[i] >= from && points[i] < least)
            least = points[i];
    return least;
}

static size_t punycode_length(const uint32_t *points, size_t count, size_t plain)
{
    size_t length = plain > 0 ? plain + 1 : 0, done = plain, delta = 0, bias = 72;
    for (uint32_t n = 0x80; done < count; n++) {
        uint32_t next = least_from(points, count, n);
        delta += (size_t)(next - n) * (done + 1);
        n = next;
        for (size_t i = 0; i < count; i++) {
            if (points[i] < n)
                delta++;
            if (points[i] != n)
                continue;
            length += digits_of(delta, bias);
            bias = adapted(delta, done + 1, done == plain);
            delta = 0;
            done++;
        }
        delta++;
    }
    return length;
}

static bool label_length(struct piece label, size_t *length)
{
    uint32_t points[LABEL_MAX];
    size_t count = 0, plain = 0;
    if (label.length > LABEL_MAX_BYTES)
        return false;
    for (size_t at = 0; at < label.length;) {
        if (count == LABEL_MAX)
            return false;
        uint32_t c = character_next(label.at, label.length, &at);
        plain += c < 0x80;
        points[count++] = c;
    }
    *length = count;
    if (plain == count)
        return true;
    if (count >= 4 && strncasecmp(label.at, "xn--", 4) == 0)
        return false; /* encoded already, and yet it is not */
    *length = 4 + punycode_length(points, count, plain);
    return *length <= LABEL_MAX;
}

bool host_encoded_length(struct piece host, size_t *length)
{
    *length = 0;
    for (size_t at = 0; at <= host.length;) {
        const char *dot = memchr(host.at + at, '.', host.length - at);
        size_t end = dot != NULL ? (size_t)(dot - host.at) : host.length, label;
        if (!label_length((struct piece){host.at + at, end - at}, &label))
            return false;
        *length += label + (dot != NULL);
        at = end + 1;
    }
    return true;
}
