/* Classes and tenants that never run out of work before the real queue of the core, and what each
 * got held against its weight (rules 3 and 4).
 *
 * Tenants of unequal weights, chunks and estimates, in several classes, on some slots. What is
 * counted, apart from the queue: grants of a class by its weight, and tokens of a tenant by its
 * weight (as estimated while a call runs, as used from then on). Prints how far apart two ever
 * were. In the end everybody's position is asked, and held against the order of the grants that
 * follow (rule 12). A history is a function of its seed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum shares_mutant {
    SHARES_AS_THEY_ARE,
    SHARES_NOT_SETTLED,   /* what was estimated stays charged */
    SHARES_TENANTS_ALIKE, /* weights of tenants are not known */
    SHARES_CLASSES_ALIKE, /* nor those of classes */
};

/* False if anybody got more than may be. */
bool shares_check(int64_t first, int64_t count, enum shares_mutant mutant);
