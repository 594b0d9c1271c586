#include "document.h"

void document_write(const struct field *fields, size_t count, const char *schema,
                    const struct text *lines, struct text *document)
{
    text_format(document, "{\"schema\":%s", schema);
    for (size_t i = 0; i < count; i++)
        text_add_json_member(document, fields[i].name, fields[i].value);
    text_add(document, ",\"posts\":[");
    size_t begin = document->length;
    text_add_bytes(document, lines->chars, lines->length);
    for (size_t i = begin; i < document->length; i++)
        if (document->chars[i] == '\n')
            document->chars[i] = i + 1 < document->length ? ',' : ' ';
    text_add(document, "]}");
}
