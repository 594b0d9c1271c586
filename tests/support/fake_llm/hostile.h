/* An analysis as a bad model writes it: everything goes wrong, each at its own rate.
 *
 * Of each post by itself: it is left out (drop), has a wrong label or number (wrong), comes twice
 * (duplicate), holds bytes that are no UTF-8 (bad_utf8); after a post an id stands that nobody
 * asked for (invent). Of the whole: the order is drawn anew (reorder), prose stands around it and
 * within (prose), it is cut anywhere (truncate). The same seed does the same to the same posts.
 * Pure.
 */
#pragma once

#include "answer.h"

/* The whole content. */
void hostile_write(const struct question *question, const struct hostility *hostility,
                   struct text *content);
