/* Where names stand in a post. Pure; any thread. */
#pragma once

#include "analysis/analysis.h"

/* Finds each name in the text, an equal one after the one before; drops what is not there, which is
 * an invention. What is left is lent by the text. */
void names_place(struct entities *names, struct piece text);
