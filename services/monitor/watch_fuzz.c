/* Whatever telemetry comes: the watch neither breaks nor writes pages that are not JSON. */
#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "base/text.h"
#include "exposition.h"
#include "report.h"
#include "watch.h"
#include "json/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ignore_gone(void *context, const struct fleet_member *member)
{
    (void)context;
    (void)member;
}

static void hear(struct watch *watch, const uint8_t *data, size_t size, struct instant now)
{
    struct arena *arena = arena_open(1 << 20);
    const Tp__Telemetry *telemetry;
    struct error why;
    if (!unpack_telemetry(arena, (struct bytes){data, size}, &telemetry, &why) ||
        !watch_hear(watch, arena, telemetry, now))
        arena_close(&arena);
}

static void check_json(const struct text *page)
{
    json_t *document;
    struct error why;
    CHECK(json_parse(page->chars, page->length, &document, &why));
    json_decref(document);
}

/* Messages are separated by the two bytes 0xff 0xff, which no field begins with. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct watch_options options = {
        .alerts = {.rules = {{100, 0}, {0.05, 0}, {0.02, 0}, {0.9, 0}}},
        .window_ms = 60000,
        .slow_chunk_s = 30,
        .has_receiver = true,
    };
    struct instant now = {0};
    SCOPED(watch_free) struct watch *watch = watch_new(&options, now);
    SCOPED(text_free) struct text metrics = {0};
    SCOPED(text_free) struct text alerts = {0};
    SCOPED(text_free) struct text fleet = {0};
    SCOPED(text_free) struct text payload = {0};
    for (const uint8_t *end = data + size; data < end;) {
        const uint8_t *next = memmem(data, (size_t)(end - data), "\xff\xff", 2);
        size_t length = (size_t)((next == NULL ? end : next) - data);
        hear(watch, data, length, now);
        now = instant_plus_ms(now, 1000);
        watch_look(watch, now, 1, ignore_gone, NULL);
        data = next == NULL ? end : next + 2;
    }
    exposition_write(watch_fleet(watch), &metrics);
    report_alerts(watch, now, &alerts);
    report_fleet(watch, now, &fleet);
    check_json(&alerts);
    check_json(&fleet);
    if (watch_must_tell(watch, "http://x", now, &payload))
        check_json(&payload);
    return 0;
}
