/* What the monitor knows, as JSON for people and scripts: GET /v1/alerts and GET /v1/fleet. Pure.
 */
#pragma once

#include "base/text.h"
#include "watch.h"

void report_alerts(const struct watch *watch, struct instant now, struct text *out);
void report_fleet(const struct watch *watch, struct instant now, struct text *out);
