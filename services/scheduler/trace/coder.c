#include "coder.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/check.h"

enum { NAME_MAX_BYTES = 4096 };

struct coded_name {
    UT_hash_handle hh;
    uint64_t number;
    char text[];
};

struct coder coder_of(struct bytes bytes, struct arena *arena)
{
    return (struct coder){.is_reading = true, .unread = bytes, .arena = arena};
}

void coder_clear(struct coder *coder)
{
    struct coded_name *name, *next;
    HASH_ITER (hh, coder->names, name, next) {
        HASH_DEL(coder->names, name);
        free(name);
    }
    coder->name_count = 0;
    text_clear(&coder->written);
}

void coder_close(struct coder *coder)
{
    coder_clear(coder);
    text_free(&coder->written);
}

static uint64_t fail(struct coder *coder)
{
    coder->has_failed = true;
    coder->unread.length = 0;
    return 0;
}

static uint64_t read_varint(struct coder *coder)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && coder->unread.length > 0; shift += 7) {
        uint8_t byte = *coder->unread.at++;
        coder->unread.length--;
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80)
            return value;
    }
    return fail(coder);
}

void code_u64(struct coder *coder, uint64_t *value)
{
    if (coder->is_reading) {
        *value = read_varint(coder);
        return;
    }
    uint8_t bytes[10];
    size_t length = 0;
    uint64_t left = *value;
    for (; left >= 0x80; left >>= 7)
        bytes[length++] = (uint8_t)(left | 0x80);
    bytes[length++] = (uint8_t)left;
    text_add_bytes(&coder->written, bytes, length);
}

void code_i64(struct coder *coder, int64_t *value)
{
    uint64_t zigzag = ((uint64_t)*value << 1) ^ (*value < 0 ? UINT64_MAX : 0);
    code_u64(coder, &zigzag);
    *value = (int64_t)((zigzag >> 1) ^ (0 - (zigzag & 1)));
}

void code_u32(struct coder *coder, uint32_t *value)
{
    uint64_t wide = *value;
    code_u64(coder, &wide);
    if (wide > UINT32_MAX)
        wide = fail(coder);
    *value = (uint32_t)wide;
}

void code_size(struct coder *coder, size_t *value)
{
    uint64_t wide = *value;
    code_u64(coder, &wide);
    *value = (size_t)wide;
}

void code_bool(struct coder *coder, bool *value)
{
    uint64_t wide = *value;
    code_u64(coder, &wide);
    if (wide > 1)
        wide = fail(coder);
    *value = wide == 1;
}

void code_double(struct coder *coder, double *value)
{
    uint64_t bits;
    memcpy(&bits, value, sizeof bits);
    code_u64(coder, &bits);
    memcpy(value, &bits, sizeof bits);
}

void code_instant(struct coder *coder, struct instant *at)
{
    static const int64_t FAR = INT64_MAX / 4; /* so that it can be reckoned with */
    code_i64(coder, &at->ns);
    bool is_never = at->ns == INT64_MIN || at->ns == INT64_MAX;
    if (!is_never && (at->ns > FAR || at->ns < -FAR))
        at->ns = (int64_t)fail(coder);
}

/* ---- names: 0 and the text when it is new, else its number ---- */
static void write_name(struct coder *coder, const char *name)
{
    size_t length = strlen(name);
    struct coded_name *known = NULL;
    HASH_FIND(hh, coder->names, name, length, known);
    uint64_t number = known ? known->number : 0, size = length;
    code_u64(coder, &number);
    if (known)
        return;
    code_u64(coder, &size);
    text_add_bytes(&coder->written, name, length);
    known = malloc(sizeof *known + length);
    CHECK(known && length <= NAME_MAX_BYTES);
    known->number = ++coder->name_count;
    memcpy(known->text, name, length);
    HASH_ADD_KEYPTR(hh, coder->names, known->text, length, known);
}

static bool keep_name(struct coder *coder, const char *name)
{
    if (coder->name_count == coder->known_capacity) {
        size_t capacity = coder->known_capacity ? coder->known_capacity * 2 : 64;
        const char **grown = arena_try(coder->arena, capacity * sizeof *grown);
        if (!grown)
            return false;
        if (coder->name_count > 0)
            memcpy((void *)grown, (const void *)coder->known, coder->name_count * sizeof *grown);
        coder->known = grown;
        coder->known_capacity = capacity;
    }
    coder->known[coder->name_count++] = name;
    return true;
}

static const char *read_name(struct coder *coder)
{
    uint64_t number = read_varint(coder);
    if (number > 0 && number <= coder->name_count)
        return coder->known[number - 1];
    uint64_t length = number == 0 ? read_varint(coder) : UINT64_MAX;
    if (length > coder->unread.length || length > NAME_MAX_BYTES || coder->has_failed) {
        fail(coder);
        return "";
    }
    char *name = arena_try(coder->arena, (size_t)length + 1);
    if (!name || memchr(coder->unread.at, 0, (size_t)length) || !keep_name(coder, name)) {
        fail(coder);
        return "";
    }
    memcpy(name, coder->unread.at, (size_t)length);
    coder->unread.at += length;
    coder->unread.length -= (size_t)length;
    return name;
}

void code_name(struct coder *coder, const char **name)
{
    if (coder->is_reading)
        *name = read_name(coder);
    else
        write_name(coder, *name ? *name : "");
}

void code_name_in(struct coder *coder, char *field, size_t size)
{
    if (!coder->is_reading) {
        write_name(coder, field);
        return;
    }
    const char *name = read_name(coder);
    if (strlen(name) >= size) {
        fail(coder);
        return;
    }
    strcpy(field, name);
}

void *code_list(struct coder *coder, size_t *count, size_t size)
{
    code_size(coder, count);
    if (!coder->is_reading)
        return NULL;
    void *room = NULL; /* each element takes a byte at least */
    if (*count > 0 && *count <= coder->unread.length)
        room = arena_try(coder->arena, *count * size);
    if (*count > 0 && !room) {
        fail(coder);
        *count = 0;
    }
    return room;
}
