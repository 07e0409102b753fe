/* The wish to stop within the blocks of a run (vn_team.h) that may last.
 *
 * vn_team_run asks between the blocks of the caller's thread. In blocks that take long the caller's
 * thread asks here, and helpers hear of the answer; vn_watch_poll is what the run itself asks then. A
 * body that stops returns VN_INTERRUPTED, and so must the function that started the run where
 * vn_watch_over says so: an exception is waiting. */
#ifndef VN_WATCH_H
#define VN_WATCH_H

#include <stdatomic.h>
#include <time.h>

#include "vn_common.h"

#define VN_WATCH_EVERY 30000000 /* nanoseconds */

typedef struct {
    vn_poll poll; /* NULL: nobody is asked */
    void *context;
    int64_t asked; /* when; known to the caller's thread */
    _Atomic int stop;
} vn_watch;

/* Whether the answer was to stop. */
static inline int vn_watch_over(vn_watch *w)
{
    return atomic_load_explicit(&w->stop, memory_order_relaxed);
}

/* A vn_poll whose context is the watch. */
static inline int vn_watch_poll(void *watch)
{
    vn_watch *w = watch;
    if (!vn_watch_over(w) && w->poll && w->poll(w->context)) atomic_store(&w->stop, 1);
    return vn_watch_over(w);
}

/* Whether to stop, for the worker of a run: some tens of nanoseconds. */
static inline int vn_watch_stops(vn_watch *w, int worker)
{
    if (worker == 0 && w->poll) {
        struct timespec time;
        clock_gettime(CLOCK_MONOTONIC, &time);
        const int64_t now = (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
        if (now - w->asked >= VN_WATCH_EVERY) {
            w->asked = now;
            return vn_watch_poll(w);
        }
    }
    return vn_watch_over(w);
}

#endif
