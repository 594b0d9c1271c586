/* What must hold whatever the world does.
 *
 * CHECK(x) states a fact of our own code; it stays on in production, prints where it stood and
 * aborts. Never on input: bad input is an error or a rejected message, else one poison message is
 * a crash loop.
 */
#pragma once

#define CHECK(condition)                                                                           \
    ((condition) ? (void)0 : check_failed(#condition, __FILE__, __LINE__, __func__))

/* Prints the broken fact on stderr and aborts. */
_Noreturn void check_failed(const char *condition, const char *file, int line, const char *func);

/* Marks a place that cannot be reached, such as the end of a switch over an enum. */
#define CHECK_UNREACHABLE() check_failed("unreachable", __FILE__, __LINE__, __func__)
