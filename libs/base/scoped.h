/* Lifetimes by scope.
 *
 * SCOPED(thing_free) struct thing *t = thing_new();   freed when the scope ends
 * return TAKE(t);                                     handed over: t becomes NULL
 *
 * A destructor takes a pointer to the pointer, accepts NULL in it and leaves NULL.
 */
#pragma once

#include <stdlib.h>

#define MUST_USE __attribute__((warn_unused_result))
#define SCOPED(destructor) __attribute__((cleanup(destructor)))
#define TAKE(pointer)                                                                              \
    __extension__({                                                                                \
        __typeof__(pointer) taken_ = (pointer);                                                    \
        (pointer) = NULL;                                                                          \
        taken_;                                                                                    \
    })

/* SCOPED(free_chars) char *s = strdup(...); */
static inline void free_chars(char **chars)
{
    free(*chars);
    *chars = NULL;
}
