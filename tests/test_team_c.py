"""The team of threads from C under ThreadSanitizer: callers at once, nested and failing runs."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

CSRC = Path(__file__).resolve().parents[1] / "csrc"

PROGRAM = r"""
#include "vn_team.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define BLOCKS 97
#define CALLERS 6
#define ROUNDS 150

typedef struct {
    int64_t value[BLOCKS];        /* plain: the run must make them known to the caller */
    int64_t scratch[VN_TEAM_MOST]; /* plain: a worker's own */
    int64_t base, fails_at;
    int depth;
} job;

static _Atomic int64_t asked;

static int never(void *context)
{
    (void)context;
    atomic_fetch_add(&asked, 1);
    return 0;
}

static int at_once(void *context)
{
    (void)context;
    return 1;
}

static void expect(int holds, const char *what)
{
    if (holds) return;
    fprintf(stderr, "wrong: %s\n", what);
    exit(1);
}

static int64_t sum(job *j, int n_threads);

static vn_status body(void *arg, int64_t block, int worker)
{
    job *j = arg;
    j->scratch[worker]++;
    if (j->fails_at >= 0 && block >= j->fails_at) {
        if (block == j->fails_at) return VN_TOO_LARGE;
        const struct timespec a_while = {0, 200000}; /* later than the first */
        nanosleep(&a_while, NULL);
        return VN_BAD_VALUE;
    }
    j->value[block] = j->base + block;
    if (j->depth) {
        job *inner = calloc(1, sizeof *inner);
        inner->base = block;
        inner->fails_at = -1;
        inner->depth = j->depth - 1;
        const int64_t inside = sum(inner, 3);
        free(inner);
        j->value[block] += inside;
    }
    return VN_OK;
}

static int64_t sum(job *j, int n_threads)
{
    int64_t total = 0;
    for (int k = 0; k < VN_TEAM_MOST; k++) j->scratch[k] = 0;
    expect(vn_team_run(body, j, BLOCKS, n_threads, never, NULL) == VN_OK, "status");
    for (int k = 0; k < VN_TEAM_MOST; k++) total += j->scratch[k];
    expect(total == BLOCKS, "each block is done once");
    total = 0;
    for (int k = 0; k < BLOCKS; k++) total += j->value[k];
    return total;
}

static int64_t expected(int64_t base, int depth)
{
    int64_t total = 0;
    for (int64_t k = 0; k < BLOCKS; k++) total += base + k + (depth ? expected(k, depth - 1) : 0);
    return total;
}

static vn_status slow(void *arg, int64_t block, int worker)
{
    job *j = arg;
    (void)worker;
    const struct timespec a_while = {0, 2000000};
    nanosleep(&a_while, NULL);
    j->value[block] = 1;
    return VN_OK;
}

static void *caller(void *arg)
{
    const int64_t own = *(int *)arg;
    job *j = calloc(1, sizeof *j);
    for (int64_t round = 0; round < ROUNDS; round++) {
        j->base = own * 1000 + round;
        j->fails_at = -1;
        j->depth = round % 16 == 0;
        const int64_t all = expected(j->base, j->depth);
        expect(sum(j, 1 + (int)((own + round) % 5)) == all, "sum");
        j->depth = 0;
        j->fails_at = (own * 31 + round) % BLOCKS;
        for (int k = 0; k < BLOCKS; k++) j->value[k] = -1;
        const vn_status status = vn_team_run(body, j, BLOCKS, 4, NULL, NULL);
        expect(status == VN_TOO_LARGE, "the first block that fails decides");
        for (int64_t k = 0; k < j->fails_at; k++) expect(j->value[k] == j->base + k, "before");
    }
    if (own == 0) {
        const vn_status status = vn_team_run(slow, j, BLOCKS, 2, at_once, NULL);
        expect(status == VN_INTERRUPTED, "an interrupt ends a run");
    }
    free(j);
    return NULL;
}

int main(void)
{
    pthread_t threads[CALLERS];
    int own[CALLERS];
    for (int k = 0; k < CALLERS; k++) {
        own[k] = k;
        if (pthread_create(&threads[k], NULL, caller, &own[k])) return 2;
    }
    for (int k = 0; k < CALLERS; k++) pthread_join(threads[k], NULL);
    expect(vn_team_run(body, NULL, 0, 4, NULL, NULL) == VN_OK, "no blocks");
    puts("fine");
    return 0;
}
"""

SANITIZERS = {"thread": ["-fsanitize=thread"], "none": []}


@pytest.mark.parametrize("sanitizer", SANITIZERS)
def test_team(tmp_path, sanitizer):
    compiler = shutil.which(os.environ.get("CC", "").split(" ")[-1] or "cc")
    if compiler is None or not CSRC.is_dir():
        pytest.skip("needs a C compiler and the sources")
    (tmp_path / "program.c").write_text(PROGRAM)
    sources = [tmp_path / "program.c", CSRC / "vn_team.c", CSRC / "vn_memory.c"]
    flags = ["-std=gnu11", "-O1", "-g", "-pthread", f"-I{CSRC}", *SANITIZERS[sanitizer]]
    target = tmp_path / "program"
    made = subprocess.run([compiler, *flags, *map(str, sources), "-o", target], capture_output=True)
    if made.returncode and sanitizer != "none":
        pytest.skip("this compiler has no thread sanitizer")
    assert made.returncode == 0, made.stderr.decode()
    more = {"TSAN_OPTIONS": "halt_on_error=1 exitcode=66"}
    ran = subprocess.run(
        [target], capture_output=True, text=True, timeout=120, env=os.environ | more
    )
    if "unexpected memory mapping" in ran.stderr:  # address layouts that the sanitizer cannot use
        pytest.skip("the thread sanitizer does not run on this system")
    assert (ran.returncode, ran.stdout) == (0, "fine\n"), ran.stderr
