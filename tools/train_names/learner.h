/* A linear-chain conditional random field over the features of embedded/name_features.h, learnt by
 * stochastic gradient descent (AdaGrad), and how words are usually written, counted.
 *
 *   learner_count_habits(posts, n, bytes)   first: the features look at habits
 *   learner_fit(posts, n, seed, bytes)      then the weights
 *
 * `bytes` is a model file in the making, MODEL_BYTES long. The same posts in the same order with
 * the same seed give the same bytes. One thread.
 */
#pragma once

#include "embedded/model/name_model.h"
#include "posts.h"

void learner_count_habits(const struct marked_post *const *posts, size_t count, char *bytes);

void learner_fit(const struct marked_post *const *posts, size_t count, uint64_t seed, char *bytes);
