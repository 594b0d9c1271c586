/* One object of an answer, which bears the id of a post (rule 2 of answer.h). Pure; any thread. */
#pragma once

#include "answer.h"

/* What it says of the post; lives in the arena. */
void item_read(const struct asked *asked, const json_t *item, struct arena *arena,
               struct post_answer *post);

bool item_says_same(const struct post_analysis *a, const struct post_analysis *b);
