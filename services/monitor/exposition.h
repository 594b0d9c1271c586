/* The whole fleet's metrics as one page in Prometheus' text format 0.0.4. Pure.
 *
 * Every series of every instance that is up, with the labels service and instance added (a label
 * of that name that a series already has becomes exported_service or exported_instance), families
 * together and under one heading. tweetpulse_instance_up{service,instance} says 1 for those and 0
 * for the ones that went silent. What does not fit the format is left out: bad names, a kind that
 * contradicts the family's first, a series that repeats another.
 */
#pragma once

#include "base/text.h"
#include "fleet.h"

void exposition_write(const struct fleet *fleet, struct text *out);
