/* The gateway's own metrics. Any thread. */
#pragma once

#include <stddef.h>

/* Makes the series without labels, so that they are there at zero. */
void gateway_metrics_open(void);
void gateway_metrics_answered(const char *method, const char *route, int status, double seconds);
void gateway_metrics_submitted(size_t posts);
void gateway_metrics_stream(int opened_or_closed); /* +1, -1 */
