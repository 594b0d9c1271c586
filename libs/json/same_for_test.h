/* Whether both readers of JSON read the same: for their test and their fuzzer. */
#pragma once

#include <string.h>

#include "json/json.h"
#include "json/node.h"

static inline bool says_same(const struct node *node, const json_t *value);

static inline bool is_same_text(struct bytes bytes, const char *text, size_t length)
{
    return bytes.length == length && memcmp(bytes.at, text, length) == 0;
}

static inline bool have_same_members(const struct node *node, json_t *object)
{
    const struct node *at = node_members(node);
    const char *name;
    json_t *member;
    json_object_foreach (object, name, member) { /* in the order of the document */
        if (at == NULL || !is_same_text(at->name, name, strlen(name)) || !says_same(at, member))
            return false;
        at = at->next;
    }
    return at == NULL && node->count == json_object_size(object);
}

static inline bool have_same_elements(const struct node *node, const json_t *array)
{
    const struct node *at = node_elements(node);
    for (size_t i = 0; i < json_array_size(array); i++, at = at->next)
        if (at == NULL || !says_same(at, json_array_get(array, i)))
            return false;
    return at == NULL && node->count == json_array_size(array);
}

static inline bool is_same_real(double a, double b)
{
    return !(a < b) && !(a > b);
}

static inline bool says_same(const struct node *node, const json_t *value)
{
    switch (node->kind) {
    case NODE_NULL:
        return json_is_null(value);
    case NODE_FALSE:
        return json_is_false(value);
    case NODE_TRUE:
        return json_is_true(value);
    case NODE_INTEGER:
        return json_is_integer(value) && node->integer == json_integer_value(value);
    case NODE_REAL:
        return json_is_real(value) && is_same_real(node->real, json_real_value(value));
    case NODE_STRING:
        return json_is_string(value) &&
               is_same_text(node->string, json_string_value(value), json_string_length(value));
    case NODE_ARRAY:
        return json_is_array(value) && have_same_elements(node, value);
    case NODE_OBJECT:
        return json_is_object(value) &&
               have_same_members(node, (json_t *)(uintptr_t)value); /* its iteration wants it so */
    }
    return false;
}
