/* Ctrl-C, counted: once detaches, twice cancels. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

void interrupt_listen(void);
int interrupt_count(void);

/* In the shape of http_request's should_stop: has there been one? */
bool interrupt_is_asked(void *unused);

/* Sleeps; true if an interrupt came, which ends it at once. */
bool interrupt_during(int64_t ms);

/* What has been counted so far is dealt with: requests may go on. */
void interrupt_forget(void);
