/* UTF-8 and what kinds of characters there are. Any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The code point at bytes[*at], which is moved past it. What is not UTF-8 reads as U+FFFD, one
 * byte at a time. */
uint32_t character_next(const char *bytes, size_t length, size_t *at);

/* Writes a code point; answers how many bytes of `bytes` it took. */
size_t character_put(uint32_t character, char bytes[4]);

bool character_is_space(uint32_t character);
bool character_is_digit(uint32_t character);
/* A letter or digit of any script, or what belongs to one. */
bool character_is_word(uint32_t character);
bool character_is_upper(uint32_t character);
uint32_t character_lower(uint32_t character);
bool character_is_emoji(uint32_t character);
/* Joins or colours an emoji: joiner, variation selector, skin tone. */
bool character_is_emoji_part(uint32_t character);
