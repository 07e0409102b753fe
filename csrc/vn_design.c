#include "vn_design.h"


#include "vn_edges.h"
#include "vn_random.h"

#define TILE 256 /* 32-bit words of a stream that are made at a time: four to a counter */
#define COUNTERS 64
#define TRIES 200     /* for each item of a cycle */
#define MOVED 64      /* items of a reversal that cost as much as a try */
#define WATCH 100000 /* tries or items between two looks at the caller's wish to stop */

/* --- random whole numbers ---------------------------------------------------------------------- */

typedef struct {
    uint64_t key[2], counter;
    int at;
    uint32_t word[TILE];
} stream;

static void stream_of(stream *s, const uint64_t key[2], uint64_t group)
{
    vn_threefry(key, group, UINT64_MAX, &s->key[0], &s->key[1]);
    s->counter = 0;
    s->at = TILE;
}

/* Unit k + q * COUNTERS of a tile has the q-th 32 bits of counter k. */
VN_CLONES
static void fill_tile(stream *s)
{
    for (int64_t k = 0; k < COUNTERS; k++) {
        uint64_t w0, w1;
        vn_threefry(s->key, s->counter + (uint64_t)k, 0, &w0, &w1);
        s->word[k] = (uint32_t)w0;
        s->word[k + COUNTERS] = (uint32_t)(w0 >> 32);
        s->word[k + 2 * COUNTERS] = (uint32_t)w1;
        s->word[k + 3 * COUNTERS] = (uint32_t)(w1 >> 32);
    }
    s->counter += COUNTERS;
    s->at = 0;
}

/* A whole number below `bound`. */
static inline int64_t below(stream *s, int64_t bound)
{
    if (s->at == TILE) fill_tile(s);
    return (int64_t)((uint64_t)s->word[s->at++] * (uint64_t)bound >> 32);
}

static void permutation(stream *s, int64_t n, int32_t *p)
{
    for (int64_t i = 0; i < n; i++) p[i] = (int32_t)i;
    for (int64_t i = n - 1; i > 0; i--) {
        const int64_t j = below(s, i + 1);
        const int32_t x = p[i];
        p[i] = p[j];
        p[j] = x;
    }
}

/* --- the wish to stop -------------------------------------------------------------------------- */

typedef struct {
    vn_poll poll; /* NULL: this thread only listens */
    void *context;
    int64_t work;
    int *stop;
} watch;

/* Whether to stop, looked up once for every WATCH units of work. */
static int stopped(watch *w, int64_t work)
{
    w->work += work;
    if (w->work < WATCH) return 0;
    w->work = 0;
    int stop;
    if (w->poll && w->poll(w->context)) {
        VN_PRAGMA(omp atomic write)
        *w->stop = 1;
    }
    VN_PRAGMA(omp atomic read)
    stop = *w->stop;
    return stop;
}

/* --- cycles and matchings ---------------------------------------------------------------------- */

typedef struct {
    vn_edges asked;
    stream random;
    watch watch;
    int32_t *p;    /* (n) */
    int32_t *degree;
    uint64_t *word;
    int32_t *pair; /* pairs to choose from, two by two */
} worker;

static inline int64_t next_of(int64_t a, int64_t n)
{
    return a + 1 < n ? a + 1 : 0;
}

/* Repeats that cannot be avoided where every item takes part in `wanted` more pairs. */
static int64_t unavoidable(const vn_edges *e, int64_t wanted)
{
    int64_t sum = 0, most = 0;
    for (int64_t i = 0; i < e->n; i++) {
        const int64_t lacks = VN_MAX(wanted - (e->n - 1 - e->degree[i]), 0);
        sum += lacks;
        most = VN_MAX(most, lacks);
    }
    return VN_MAX((sum + 1) / 2, most);
}

/* Reverse `length` places of the cycle p from place a. */
static void reverse(int32_t *p, int64_t n, int64_t a, int64_t length)
{
    int64_t b = a + length - 1;
    if (b >= n) b -= n;
    for (int64_t k = length / 2; k > 0; k--) {
        const int32_t x = p[a];
        p[a] = p[b];
        p[b] = x;
        a = next_of(a, n);
        b = b ? b - 1 : n - 1;
    }
}

/* Repair p as a cycle; the repeats that are left. n >= 4. */
static int64_t repair_cycle(worker *w, int64_t n)
{
    const vn_edges *e = &w->asked;
    int32_t *p = w->p;
    int64_t repeats = 0, failed = 0, a = 0;
    for (int64_t i = 0; i < n; i++) repeats += vn_edges_has(e, p[i], p[next_of(i, n)]);
    if (!repeats) return 0;
    const int64_t least = unavoidable(e, 2);
    for (int64_t tries = TRIES * n; repeats > least && tries > 0; tries--) {
        while (!vn_edges_has(e, p[a], p[next_of(a, n)])) a = next_of(a, n);
        const int64_t length = 2 + below(&w->random, n - 3), start = next_of(a, n);
        const int64_t b = a + length < n ? a + length : a + length - n, end = next_of(b, n);
        const int before = 1 + vn_edges_has(e, p[b], p[end]);
        const int after = vn_edges_has(e, p[a], p[b]) + vn_edges_has(e, p[start], p[end]);
        if (after <= before) {
            reverse(p, n, start, length);
            repeats += after - before;
            tries -= length / MOVED;
            failed = 0;
        } else if (++failed == n) { /* nothing helps here for now: try another */
            a = start;
            failed = 0;
        }
        if (stopped(&w->watch, 1 + length / MOVED)) break;
    }
    return repeats;
}

/* Repair p as pairs (p[0], p[1]), (p[2], p[3]) ... of m items, m even. To reverse a segment of the
 * cycle whose every second edge they are is to exchange two items of two pairs. */
static int64_t repair_matching(worker *w, int64_t m)
{
    const vn_edges *e = &w->asked;
    int32_t *p = w->p;
    int64_t repeats = 0, failed = 0, a = 0;
    for (int64_t i = 0; i < m; i += 2) repeats += vn_edges_has(e, p[i], p[i + 1]);
    if (!repeats || m < 4) return repeats;
    const int64_t least = m == e->n ? unavoidable(e, 1) : 0;
    for (int64_t tries = TRIES * m; repeats > least && tries > 0; tries--) {
        while (!vn_edges_has(e, p[a], p[a + 1])) a = a + 2 < m ? a + 2 : 0;
        int64_t c = a + 2 + below(&w->random, m - 2);
        if (c >= m) c -= m;
        const int32_t mate = p[c ^ 1];
        const int before = 1 + vn_edges_has(e, p[c], mate);
        const int after = vn_edges_has(e, p[a], p[c]) + vn_edges_has(e, p[a + 1], mate);
        if (after <= before) {
            const int32_t x = p[a + 1];
            p[a + 1] = p[c];
            p[c] = x;
            repeats += after - before;
            failed = 0;
        } else if (++failed == m) {
            a = a + 2 < m ? a + 2 : 0;
            failed = 0;
        }
        if (stopped(&w->watch, 1)) break;
    }
    return repeats;
}

/* The edges of the cycle p, in its direction; or every second one of them, n / 2. */
static void write_edges(const int32_t *p, int64_t n, int step, int32_t *first, int32_t *second)
{
    const int64_t n_edges = step == 1 ? n : n / 2;
    for (int64_t k = 0; k < n_edges; k++) {
        first[k] = p[step * k];
        second[k] = p[next_of(step * k, n)];
    }
}

static int64_t cycles(worker *w, int64_t n, int64_t degree, int32_t *first, int32_t *second)
{
    int64_t repeats = 0;
    for (int64_t k = 0; k < degree / 2; k++, first += n, second += n) {
        permutation(&w->random, n, w->p);
        repeats += repair_cycle(w, n);
        write_edges(w->p, n, 1, first, second);
        for (int64_t i = 0; i < n; i++) vn_edges_add(&w->asked, first[i], second[i]);
        if (stopped(&w->watch, n)) return repeats;
    }
    if (degree % 2) {
        permutation(&w->random, n, w->p);
        repeats += repair_matching(w, n / 2 * 2);
        write_edges(w->p, n, 2, first, second);
    }
    return repeats;
}

/* Cycles that share no edge: rotations of one zigzag over n - 1 items in a circle, through the last
 * item in its middle. */
static void zigzags(worker *w, int64_t n, int64_t degree, int32_t *first, int32_t *second)
{
    const int64_t circle = n - 1;
    int32_t *label = w->degree; /* not needed any more */
    permutation(&w->random, n, label);
    for (int64_t k = 0; k < (degree + 1) / 2; k++, first += n, second += n) {
        for (int64_t t = 0; t < circle; t++) {
            const int64_t at = t % 2 ? k + (t + 1) / 2 : k - t / 2;
            w->p[t] = label[at < 0 ? at + circle : at < circle ? at : at - circle];
        }
        w->p[circle] = label[circle];
        write_edges(w->p, n, 2 * k + 1 == degree ? 2 : 1, first, second);
        if (stopped(&w->watch, n)) return;
    }
}

/* Every pair, at distance 1, 2, ... around a circle. Each item is first as often as second, or
 * once more or less where n is even. */
static void round_robin(worker *w, int64_t n, int32_t *first, int32_t *second)
{
    permutation(&w->random, n, w->p);
    int64_t k = 0;
    for (int64_t distance = 1; distance <= n / 2; distance++) {
        const int64_t items = 2 * distance == n ? n / 2 : n;
        for (int64_t i = 0; i < items; i++, k++) {
            const int64_t j = i + distance;
            first[k] = w->p[i];
            second[k] = w->p[j < n ? j : j - n];
        }
        if (stopped(&w->watch, n)) return;
    }
}

/* --- pairs at random --------------------------------------------------------------------------- */

/* Whether so many of the pairs are asked or wanted that they are listed rather than guessed. */
static inline int crowded(int64_t n, int64_t n_used, int64_t wanted)
{
    return 4 * (n_used + wanted) > n * (n - 1);
}

static int64_t listed(worker *w, int64_t n, int64_t wanted, int32_t *first, int32_t *second)
{
    int32_t *pair = w->pair;
    const int64_t all = n * (n - 1) / 2, free = all - w->asked.count;
    int64_t at[2] = {0, free}; /* where the next free and the next asked pair goes */
    for (int32_t i = 0; i < n; i++)
        for (int32_t j = i + 1; j < n; j++) {
            const int64_t k = at[vn_edges_has(&w->asked, i, j)]++;
            pair[2 * k] = i;
            pair[2 * k + 1] = j;
        }
    for (int64_t k = 0; k < wanted; k++) {
        const int64_t left = (k < free ? free : all) - k, chosen = k + below(&w->random, left);
        const int side = (int)below(&w->random, 2);
        first[k] = pair[2 * chosen + side];
        second[k] = pair[2 * chosen + 1 - side];
        pair[2 * chosen] = pair[2 * k];
        pair[2 * chosen + 1] = pair[2 * k + 1];
        if (stopped(&w->watch, 1)) break;
    }
    return VN_MAX(wanted - free, 0);
}

static int64_t at_random(worker *w, int64_t n, int64_t n_used, int64_t wanted, int32_t *first,
                         int32_t *second)
{
    if (crowded(n, n_used, wanted)) return listed(w, n, wanted, first, second);
    for (int64_t k = 0; k < wanted;) {
        const int32_t i = (int32_t)below(&w->random, n);
        int32_t j = (int32_t)below(&w->random, n - 1);
        j += j >= i;
        if (vn_edges_add(&w->asked, i, j)) {
            first[k] = i;
            second[k] = j;
            k++;
        }
        if (stopped(&w->watch, 1)) break;
    }
    return 0;
}

/* --- all groups -------------------------------------------------------------------------------- */

/* Add what group k was asked; 0, or 1 where that is no pair of the group's items. */
static int add_used(const vn_design *d, vn_edges *e, int64_t k)
{
    for (int64_t u = d->used_ptr[k]; u < d->used_ptr[k + 1]; u++) {
        const int32_t i = d->used_first[u], j = d->used_second[u];
        if (i < 0 || j < 0 || i >= e->n || j >= e->n || i == j) return 1;
        vn_edges_add(e, i, j);
    }
    return 0;
}

/* 0, or 1 where a used pair is none. */
static int one_group(const vn_design *d, worker *w, const uint64_t key[2], int64_t k,
                     int32_t *first, int32_t *second, int64_t *repeats)
{
    const int64_t n = d->n_items[k], from = d->ask_ptr[k], wanted = d->ask_ptr[k + 1] - from;
    const int64_t n_used = d->used_ptr ? d->used_ptr[k + 1] - d->used_ptr[k] : 0;
    const int complete = d->method == VN_DESIGN_CYCLES && d->degree >= n - 1;
    *repeats = 0;
    if (!wanted) return 0;
    stream_of(&w->random, key, (uint64_t)(d->stream + k));
    first += from;
    second += from;
    if (!complete || n_used) {
        vn_edges_clear(&w->asked, n, n_used + wanted, w->word, w->degree);
        if (n_used && add_used(d, &w->asked, k)) return 1;
    }
    if (complete) {
        round_robin(w, n, first, second);
        *repeats = n_used ? w->asked.count : 0;
    } else if (d->method == VN_DESIGN_CYCLES) {
        *repeats = cycles(w, n, d->degree, first, second);
        if (*repeats && !n_used) {
            zigzags(w, n, d->degree, first, second);
            *repeats = 0;
        }
    } else *repeats = at_random(w, n, n_used, wanted, first, second);
    return 0;
}

/* The most that any group needs: items, words of pairs, pairs to choose from. */
static void most_needed(const vn_design *d, int64_t need[3])
{
    need[0] = need[1] = need[2] = 1;
    for (int64_t k = 0; k < d->n_groups; k++) {
        const int64_t n = d->n_items[k], wanted = d->ask_ptr[k + 1] - d->ask_ptr[k];
        const int64_t n_used = d->used_ptr ? d->used_ptr[k + 1] - d->used_ptr[k] : 0;
        if (!wanted) continue;
        need[0] = VN_MAX(need[0], n);
        if (n_used || d->method == VN_DESIGN_RANDOM || d->degree < n - 1)
            need[1] = VN_MAX(need[1], vn_edges_need(n, n_used + wanted));
        if (d->method == VN_DESIGN_RANDOM && crowded(n, n_used, wanted))
            need[2] = VN_MAX(need[2], n * (n - 1) / 2);
    }
}

vn_status vn_design_pairs(const vn_design *d, const uint64_t key[2], int n_threads, vn_poll poll,
                          void *context, int32_t *first, int32_t *second, int64_t *repeats)
{
    (void)n_threads;
    int64_t need[3];
    most_needed(d, need);
    int failed = 0, bad = 0, stop = 0;
    VN_PRAGMA(omp parallel num_threads(n_threads) if (n_threads > 1 && d->n_groups > 1))
    {
#ifdef _OPENMP
        const int caller = omp_get_thread_num() == 0;
#else
        const int caller = 1;
#endif
        worker w;
        w.watch = (watch){caller ? poll : NULL, context, 0, &stop};
        w.p = vn_malloc(sizeof *w.p * (size_t)need[0]);
        w.degree = vn_malloc(sizeof *w.degree * (size_t)need[0]);
        w.word = vn_malloc(sizeof *w.word * (size_t)need[1]);
        w.pair = vn_malloc(2 * sizeof *w.pair * (size_t)need[2]);
        const int lost = !w.p || !w.degree || !w.word || !w.pair;
        if (lost) {
            VN_PRAGMA(omp atomic write)
            failed = 1;
        }
        int ended = lost;
        VN_PRAGMA(omp for schedule(dynamic, 16))
        for (int64_t k = 0; k < d->n_groups; k++) {
            if (!ended && one_group(d, &w, key, k, first, second, repeats + k)) {
                VN_PRAGMA(omp atomic write)
                bad = 1;
            }
            ended = ended || stopped(&w.watch, 1);
        }
        vn_free(w.p);
        vn_free(w.degree);
        vn_free(w.word);
        vn_free(w.pair);
    }
    return failed ? VN_NO_MEMORY : stop ? VN_INTERRUPTED : bad ? VN_BAD_VALUE : VN_OK;
}
