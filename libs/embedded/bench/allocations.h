/* How often memory was asked for, by a program that is linked with --wrap=malloc and its kin.
 * One thread. */
#pragma once

#include <stdint.h>

uint64_t allocations_so_far(void);
