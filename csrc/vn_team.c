#include "vn_team.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

#define SPIN_FOR 40000          /* nanoseconds of looking at a flag before sleeping */
#define POLL_EVERY 30000000     /* nanoseconds */
#define HELPER_STACK (4 << 20)

/* Blocks of one worker; whoever has done its own takes from the others'. That a worker begins with the
 * same part of the data in each run keeps that part in its core's cache. */
typedef struct {
    _Atomic int64_t next;
    int64_t end;
    char apart[48]; /* a line of the cache for each */
} share;

typedef struct run {
    vn_body body;
    void *job;
    share *shares;
    int n_workers;
    _Atomic int64_t failed_at; /* first block that failed so far; blocks behind it are not begun */
    vn_status status;          /* of that block; under the lock */
    /* under the lock: */
    int n_joined;              /* workers that have begun: the caller and helpers */
    _Atomic int n_inside;      /* helpers that have not left; read without the lock while spinning */
    int is_waiting;            /* the caller sleeps until n_inside is 0 */
    int is_broken;             /* a fork took helpers away */
    pthread_t caller;
    struct run *next;
} run;

static struct {
    pthread_mutex_t lock;
    pthread_cond_t work, done; /* for helpers; for callers */
    run *oldest;               /* runs that still want helpers, or have some */
    int n_helpers, n_asleep, n_spinning;
    _Atomic uint64_t calls;    /* goes up with every run that wants helpers */
} team = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER,
          NULL, 0, 0, 0, 0};

static pthread_once_t fork_once = PTHREAD_ONCE_INIT;

/* When this thread last polled: a call may be a chain of many short runs. */
static _Thread_local int64_t asked;
static _Thread_local int is_helper; /* which nobody interrupts: it does not poll in runs of its own */

static inline void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("isb" ::: "memory");
#endif
}

static int64_t nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Spin while a condition holds, but not for long: a pause is 10 to 150 cycles, so the clock decides. */
#define SPIN_WHILE(condition)                                                                        \
    for (int64_t until_ = nanoseconds() + SPIN_FOR; condition && nanoseconds() < until_;)            \
        for (int k_ = 0; k_ < 16 && condition; k_++) relax()

/* ---- one run ---------------------------------------------------------------------------------- */

/* Block `block` did not end well; the first such block decides. */
static void record(run *r, int64_t block, vn_status status)
{
    pthread_mutex_lock(&team.lock);
    if (block < atomic_load(&r->failed_at)) {
        atomic_store(&r->failed_at, block);
        r->status = status;
    }
    pthread_mutex_unlock(&team.lock);
}

/* The next block of a share, or its end. */
static inline int64_t take(share *s)
{
    if (atomic_load_explicit(&s->next, memory_order_relaxed) >= s->end) return s->end;
    const int64_t block = atomic_fetch_add_explicit(&s->next, 1, memory_order_relaxed);
    return VN_MIN(block, s->end);
}

/* Whether `poll`, if it is time to ask, says that the run is to end. */
static int is_unwanted(vn_poll poll, void *context)
{
    const int64_t now = nanoseconds();
    if (now - asked < POLL_EVERY) return 0;
    asked = now;
    return poll(context) != 0;
}

/* Work as `worker` until no block is left; only the caller's thread polls. */
static void work(run *r, int worker, vn_poll poll, void *context)
{
    for (int k = 0; k < r->n_workers; k++) {
        share *s = &r->shares[(worker + k) % r->n_workers];
        for (int64_t block; (block = take(s)) < s->end;) {
            if (block > atomic_load_explicit(&r->failed_at, memory_order_relaxed)) break;
            const vn_status status = r->body(r->job, block, worker);
            if (status != VN_OK) record(r, block, status);
            if (poll && is_unwanted(poll, context)) {
                record(r, -1, VN_INTERRUPTED);
                return;
            }
        }
    }
}

/* ---- helpers ---------------------------------------------------------------------------------- */

/* The oldest run that wants another worker; under the lock. */
static run *find_run(void)
{
    for (run *r = team.oldest; r; r = r->next)
        if (r->n_joined < r->n_workers) return r;
    return NULL;
}

static void *help(void *unused)
{
    (void)unused;
    is_helper = 1;
    pthread_mutex_lock(&team.lock);
    for (;;) {
        run *r = find_run();
        if (r) {
            const int worker = r->n_joined++;
            atomic_fetch_add(&r->n_inside, 1);
            pthread_mutex_unlock(&team.lock);
            work(r, worker, NULL, NULL);
            pthread_mutex_lock(&team.lock);
            if (atomic_fetch_sub(&r->n_inside, 1) == 1 && r->is_waiting)
                pthread_cond_broadcast(&team.done);
            continue;
        }
        /* the next run often follows at once, and to be woken takes longer than a small one lasts */
        const uint64_t calls = atomic_load(&team.calls);
        team.n_spinning++;
        pthread_mutex_unlock(&team.lock);
        SPIN_WHILE(atomic_load_explicit(&team.calls, memory_order_relaxed) == calls);
        pthread_mutex_lock(&team.lock);
        team.n_spinning--;
        while (atomic_load(&team.calls) == calls) {
            team.n_asleep++;
            pthread_cond_wait(&team.work, &team.lock);
            team.n_asleep--;
            if (find_run()) break;
        }
    }
    return NULL;
}

static void before_fork(void) { pthread_mutex_lock(&team.lock); }

static void after_fork_parent(void) { pthread_mutex_unlock(&team.lock); }

/* The child has one thread: this one. */
static void after_fork_child(void)
{
    static const pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static const pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
    run *runs = team.oldest;
    team.lock = lock;
    team.work = team.done = cond;
    team.oldest = NULL;
    team.n_helpers = team.n_asleep = team.n_spinning = 0;
    for (run *r = runs, *next; r; r = next) { /* those of other threads nobody will end */
        next = r->next;
        if (!pthread_equal(r->caller, pthread_self())) continue;
        r->is_broken = atomic_load(&r->n_inside) > 0;
        atomic_store(&r->n_inside, 0);
        r->next = NULL;
    }
}

static void watch_forks(void)
{
    pthread_atfork(before_fork, after_fork_parent, after_fork_child);
}

/* Start helpers until there are n; under the lock. Without them the caller does all. */
static void start_helpers(int n)
{
    sigset_t all, before;
    pthread_attr_t how;
    if (team.n_helpers >= n || pthread_attr_init(&how)) return;
    pthread_attr_setdetachstate(&how, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&how, HELPER_STACK);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (pthread_t thread; team.n_helpers < n; team.n_helpers++)
        if (pthread_create(&thread, &how, help, NULL)) break;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&how);
}

/* ---- what others call ------------------------------------------------------------------------- */

int vn_team_size(int n_threads, int64_t n_blocks)
{
    return (int)VN_MAX(VN_MIN(VN_MIN((int64_t)n_threads, n_blocks), (int64_t)VN_TEAM_MOST), 1);
}

static void open_run(run *r)
{
    const int wanted = r->n_workers - 1;
    pthread_once(&fork_once, watch_forks);
    pthread_mutex_lock(&team.lock);
    start_helpers(wanted);
    run **last = &team.oldest;
    while (*last) last = &(*last)->next;
    *last = r;
    atomic_fetch_add(&team.calls, 1);
    for (int k = VN_MIN(wanted - team.n_spinning, team.n_asleep); k > 0; k--)
        pthread_cond_signal(&team.work);
    pthread_mutex_unlock(&team.lock);
}

/* Sleep until a helper leaves, or for a while if the caller has somebody to ask; under the lock. */
static void wait_for_helpers(int may_ask)
{
    if (!may_ask) {
        pthread_cond_wait(&team.done, &team.lock);
        return;
    }
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += POLL_EVERY;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&team.done, &team.lock, &until);
}

/* Nobody joins any more; wait for those who are inside. The run stays in the list until then: a fork
 * must find it. */
static vn_status close_run(run *r, vn_poll poll, void *context)
{
    pthread_mutex_lock(&team.lock);
    r->n_joined = r->n_workers;
    if (atomic_load(&r->n_inside) > 0) {
        pthread_mutex_unlock(&team.lock);
        SPIN_WHILE(atomic_load_explicit(&r->n_inside, memory_order_relaxed) > 0);
        pthread_mutex_lock(&team.lock); /* also: the last to leave has let go of the run */
        r->is_waiting = 1;
        while (atomic_load(&r->n_inside) > 0) {
            const int may_ask = poll && r->status != VN_INTERRUPTED;
            wait_for_helpers(may_ask);
            if (!may_ask || atomic_load(&r->n_inside) == 0) continue;
            pthread_mutex_unlock(&team.lock);
            if (poll(context)) record(r, -1, VN_INTERRUPTED);
            pthread_mutex_lock(&team.lock);
        }
    }
    for (run **at = &team.oldest; *at; at = &(*at)->next)
        if (*at == r) {
            *at = r->next;
            break;
        }
    pthread_mutex_unlock(&team.lock);
    return r->is_broken ? VN_NO_MEMORY : r->status;
}

/* The thread is ended inside `poll`, as an interpreter that exits does it: helpers still read the run,
 * which lies on its stack. */
static void abandon(void *arg)
{
    record(arg, -1, VN_INTERRUPTED);
    close_run(arg, NULL, NULL);
}

static vn_status run_together(run *r, const vn_poll poll, void *const context)
{
    vn_status status;
    open_run(r);
    pthread_cleanup_push(abandon, r);
    work(r, 0, poll, context);
    status = close_run(r, poll, context);
    pthread_cleanup_pop(0);
    return status;
}

vn_status vn_team_run(vn_body body, void *job, int64_t n_blocks, int n_threads, vn_poll poll,
                      void *context)
{
    const int n = vn_team_size(n_threads, n_blocks);
    share shares[n];
    for (int k = 0; k < n; k++) {
        atomic_init(&shares[k].next, n_blocks / n * k + VN_MIN(n_blocks % n, k));
        shares[k].end = n_blocks / n * (k + 1) + VN_MIN(n_blocks % n, k + 1);
    }
    run r = {.body = body, .job = job, .shares = shares, .n_workers = n, .failed_at = INT64_MAX,
             .status = VN_OK, .n_joined = 1, .caller = pthread_self()};
    if (is_helper) poll = NULL;
    if (n > 1) return run_together(&r, poll, context);
    work(&r, 0, poll, context);
    return r.status;
}
