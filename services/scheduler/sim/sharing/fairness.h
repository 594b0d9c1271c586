/* Random histories of users before the real queue of the core, held against equal sharing that is
 * simulated apart from it (rule 3).
 *
 * Equal weights, equal chunks, one class, no cancellation: there fair sojourn promises that nobody
 * is done later than under equal sharing plus one chunk; elsewhere it is a figure. Prints the mean
 * time from arrival to the last result, and the worst excess, of every order. A history is a
 * function of its seed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* False if anybody was later than promised. The mutant leaves out the order by laxity. */
bool fairness_check(int64_t first, int64_t count, bool is_mutant);
