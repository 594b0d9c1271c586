/* An LLM server of a test's own, on a port of 127.0.0.1: one connection after the other.
 *
 *   struct test_llm llm;
 *   test_llm_start(&llm);  ... llm.url ...  test_llm_stop(&llm);
 *
 * Its mood may be set while it runs. It has a thread of its own; one server in a process.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

enum { TEST_LLM_LINE_SIZE = 64 };

enum test_llm_mood {
    TEST_LLM_SERVES,
    TEST_LLM_IS_SILENT,
    TEST_LLM_IS_BUSY,
    TEST_LLM_HESITATES, /* until its mood is another; then it does as that one says */
};

struct test_llm {
    char url[64];
    atomic_int mood, requests, posts; /* posts: that were answered */
    atomic_bool has_user;             /* the latest request told whose it is */
    int listener;
    pthread_t thread;
    pthread_mutex_t lock;
    char first_line[TEST_LLM_LINE_SIZE]; /* under the lock: of the latest request */
};

void test_llm_start(struct test_llm *llm);
void test_llm_stop(struct test_llm *llm);
/* Of the latest request. */
void test_llm_copy_first_line(struct test_llm *llm, char line[TEST_LLM_LINE_SIZE]);
