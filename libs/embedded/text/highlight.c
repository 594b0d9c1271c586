#include "embedded/text/highlight.h"

#include <string.h>

#include "characters.h"

/* Where we stand: in a run of text between markup. */
struct reader {
    struct piece text;
    size_t at, run_end; /* bytes */
    size_t place;       /* code points before `at` */
    struct text *out;
};

/* The end of the markup at `at`; `at` if there is none. */
static size_t markup_end(struct piece text, size_t at)
{
    if (at >= text.length || text.at[at] != '<')
        return at;
    const char *close = memchr(text.at + at, '>', text.length - at);
    return close != NULL ? (size_t)(close - text.at) + 1 : at;
}

static size_t run_end(struct piece text, size_t at)
{
    size_t end = at;
    while (end < text.length && (text.at[end] != '<' || markup_end(text, end) == end))
        end++;
    return end;
}

/* Text up to code point `place`, or to the end of the run. */
static void copy_to(struct reader *reader, size_t place)
{
    size_t begin = reader->at;
    while (reader->at < reader->run_end && reader->place < place) {
        character_next(reader->text.at, reader->text.length, &reader->at);
        reader->place++;
    }
    text_add_bytes(reader->out, reader->text.at + begin, reader->at - begin);
}

/* The markup behind the run; then we stand in the next. */
static void copy_markup(struct reader *reader)
{
    size_t end = markup_end(reader->text, reader->run_end);
    text_add_bytes(reader->out, reader->text.at + reader->at, end - reader->at);
    reader->at = end;
    reader->run_end = run_end(reader->text, end);
}

static bool is_at_end(const struct reader *reader)
{
    return reader->at == reader->text.length;
}

void highlight_hits(struct piece text, const struct hit *hits, size_t count, struct text *out)
{
    struct reader reader = {.text = text, .run_end = run_end(text, 0), .out = out};
    for (size_t i = 0; i < count; i++) {
        for (copy_to(&reader, hits[i].start); reader.at == reader.run_end && !is_at_end(&reader);
             copy_to(&reader, hits[i].start))
            copy_markup(&reader);
        text_add(out, "<em>");
        bool is_split = false; /* by markup inside the hit */
        copy_to(&reader, hits[i].end);
        while (reader.at == reader.run_end && !is_at_end(&reader) &&
               (reader.place < hits[i].end || is_split)) {
            copy_markup(&reader);
            is_split = true;
            copy_to(&reader, hits[i].end);
        }
        text_add(out, "</em>");
    }
    text_add_bytes(out, text.at + reader.at, text.length - reader.at);
}
