#include "vn_resample.h"

#include <math.h>
#include <string.h>

#include "vn_poisson.h"
#include "vn_random.h"
#include "vn_team.h"

#define TILE 1024     /* units per tile: four to a counter */
#define COUNTERS 256
#define TILES 16      /* of a block */
#define HALF_TILE 512 /* of Bayesian weights: two to a counter */
#define MARGIN 6.0    /* standard deviations by which the first total stays below what is wanted */

enum { FILL = 0, SINGLE = 1, PURPOSES = 2 }; /* what a counter's second word says beside the attempt */

struct vn_resample {
    vn_resample_kind kind;
    int64_t n_strata, n_units, n_positions;
    int64_t *ptr, *size;
    const int64_t *unit;
    vn_poisson *table;   /* of each stratum, */
    char *first_pass;    /* where it has one */
    uint64_t *threshold; /* of each stratum: of 2^32, for a subsample's first pass */
    int64_t *single;     /* of each stratum: the first counter of its single draws */
    int filled;          /* some stratum has a first pass */
};

void vn_resample_free(vn_resample *s)
{
    if (!s) return;
    if (s->table)
        for (int64_t k = 0; k < s->n_strata; k++) vn_free(s->table[k].column);
    vn_free(s->table);
    vn_free(s->first_pass);
    vn_free(s->threshold);
    vn_free(s->single);
    vn_free(s->ptr);
    vn_free(s->size);
    vn_free(s);
}

/* Whether a subsample marks what is left out instead of what is in. */
static int inverted(const vn_resample *s, int64_t k)
{
    return 2 * s->size[k] > s->ptr[k + 1] - s->ptr[k];
}

/* Units that a subsample of stratum k marks. */
static int64_t marked(const vn_resample *s, int64_t k)
{
    return inverted(s, k) ? s->ptr[k + 1] - s->ptr[k] - s->size[k] : s->size[k];
}

static vn_status prepare(vn_resample *s, int64_t k)
{
    const double n = (double)(s->ptr[k + 1] - s->ptr[k]), size = (double)s->size[k];
    if (n == 0.0 || s->kind == VN_BAYESIAN) return VN_OK;
    if (s->kind == VN_SUBSAMPLE) {
        const double m = (double)marked(s, k), low = m - MARGIN * sqrt(m);
        s->threshold[k] = low > 0.0 ? (uint64_t)(low / n * 0x1p32) : 0;
        s->filled |= s->threshold[k] > 0;
        return VN_OK;
    }
    const double total = s->kind == VN_POISSON_COUNTS ? size : size - MARGIN * sqrt(size);
    if (!(total > 0.0)) return VN_OK;
    s->filled = s->first_pass[k] = 1;
    if (total / n > VN_POISSON_MEAN) return VN_TOO_LARGE;
    return vn_poisson_table(total / n, &s->table[k]);
}

vn_status vn_resample_new(vn_resample_kind kind, int64_t n_strata, const int64_t *ptr,
                          const int64_t *size, int64_t n_positions, const int64_t *unit,
                          vn_resample **out)
{
    vn_resample *s = vn_calloc(1, sizeof *s);
    *out = s;
    if (!s) return VN_NO_MEMORY;
    s->kind = kind;
    s->n_strata = n_strata;
    s->n_units = ptr[n_strata];
    s->n_positions = n_positions;
    s->unit = unit;
    s->ptr = vn_malloc(sizeof(int64_t) * (size_t)(n_strata + 1));
    s->size = vn_malloc(sizeof(int64_t) * (size_t)n_strata);
    s->single = vn_malloc(sizeof(int64_t) * (size_t)n_strata);
    s->table = vn_calloc((size_t)n_strata, sizeof(vn_poisson));
    s->threshold = vn_calloc((size_t)n_strata, sizeof(uint64_t));
    s->first_pass = vn_calloc((size_t)n_strata, 1);
    if (!s->ptr || !s->size || !s->single || !s->table || !s->threshold || !s->first_pass)
        return VN_NO_MEMORY;
    memcpy(s->ptr, ptr, sizeof(int64_t) * (size_t)(n_strata + 1));
    memcpy(s->size, size, sizeof(int64_t) * (size_t)n_strata);
    for (int64_t k = 0; k < n_strata; k++) {
        s->single[k] = k ? s->single[k - 1] + size[k - 1] : 0;
        const vn_status status = prepare(s, k);
        if (status != VN_OK) return status;
    }
    return VN_OK;
}

/* The words of a tile: unit k + q * COUNTERS of it has the q-th 32 bits of counter k. */
VN_CLONES
static void words_of_tile(const uint64_t key[2], uint64_t start, uint64_t purpose,
                          uint32_t *restrict word)
{
    for (int64_t k = 0; k < COUNTERS; k++) {
        uint64_t w0, w1;
        vn_threefry(key, start + (uint64_t)k, purpose, &w0, &w1);
        word[k] = (uint32_t)w0;
        word[k + COUNTERS] = (uint32_t)(w0 >> 32);
        word[k + 2 * COUNTERS] = (uint32_t)w1;
        word[k + 3 * COUNTERS] = (uint32_t)(w1 >> 32);
    }
}

VN_CLONES
static void poisson_counts(const vn_poisson *t, int64_t len, const uint32_t *restrict word,
                           int32_t *restrict out)
{
    const vn_poisson table = *t;
    if (table.bits)
        for (int64_t k = 0; k < len; k++) out[k] = vn_poisson_value(&table, word[k]);
    else
        for (int64_t k = 0; k < len; k++) out[k] = vn_poisson_small(&table, word[k]);
}

VN_CLONES
static void marks(uint64_t threshold, int64_t len, const uint32_t *restrict word,
                  int32_t *restrict out)
{
    for (int64_t k = 0; k < len; k++) out[k] = word[k] < threshold;
}

VN_CLONES
static int64_t sum_of(int64_t len, const int32_t *restrict x)
{
    int64_t sum = 0;
    for (int64_t k = 0; k < len; k++) sum += x[k];
    return sum;
}

/* The first pass over units from <= i < to of stratum k, all within one tile's words. */
static void fill_part(const vn_resample *s, int64_t k, int64_t len, const uint32_t *word,
                      int32_t *out)
{
    if (s->kind == VN_SUBSAMPLE) marks(s->threshold[k], len, word, out);
    else if (s->first_pass[k]) poisson_counts(&s->table[k], len, word, out);
    else memset(out, 0, sizeof(int32_t) * (size_t)len);
}

/* The stratum of unit i. */
static int64_t stratum_of(const vn_resample *s, int64_t i)
{
    int64_t low = 0, high = s->n_strata; /* ptr[low] <= i < ptr[high] */
    while (high - low > 1) {
        const int64_t middle = low + (high - low) / 2;
        if (s->ptr[middle] <= i) low = middle;
        else high = middle;
    }
    return low;
}

static void fill_tile(const vn_resample *s, const uint64_t key[2], uint64_t attempt, int64_t tile,
                      int32_t *counts)
{
    uint32_t word[TILE];
    const int64_t from = tile * TILE, to = VN_MIN(from + TILE, s->n_units);
    words_of_tile(key, (uint64_t)(tile * COUNTERS), attempt * PURPOSES + FILL, word);
    int64_t k = stratum_of(s, from);
    for (int64_t i = from; i < to;) {
        while (s->ptr[k + 1] <= i) k++;
        const int64_t end = VN_MIN(s->ptr[k + 1], to);
        fill_part(s, k, end - i, word + (i - from), counts + i);
        i = end;
    }
}

/* Single draws of stratum k until `missing` of them counted. */
static void add_singles(const vn_resample *s, const uint64_t key[2], uint64_t attempt, int64_t k,
                        int64_t missing, int32_t *counts)
{
    const uint64_t n = (uint64_t)(s->ptr[k + 1] - s->ptr[k]);
    const int once = s->kind == VN_SUBSAMPLE;
    int32_t *own = counts + s->ptr[k];
    /* a subsample may need more draws than units: the strata's counters are kept apart by c1 */
    const uint64_t start = once ? 0 : (uint64_t)s->single[k];
    const uint64_t purpose = (once ? (uint64_t)k << 20 : 0) + attempt * PURPOSES + SINGLE;
    for (uint64_t j = 0; missing > 0; j++) {
        uint64_t w0, w1;
        vn_threefry(key, start + j, purpose, &w0, &w1);
        const uint64_t i = (uint64_t)((unsigned __int128)w0 * n >> 64);
        if (once && own[i]) continue;
        own[i]++;
        missing--;
    }
}

/* Bring the strata of a replicate to their sizes after the first pass. */
static void complete(const vn_resample *s, const uint64_t key[2], int32_t *counts)
{
    if (s->kind == VN_POISSON_COUNTS) return;
    for (int64_t k = 0; k < s->n_strata; k++) {
        const int64_t from = s->ptr[k], n = s->ptr[k + 1] - from;
        if (!n) continue;
        const int64_t wanted = s->kind == VN_SUBSAMPLE ? marked(s, k) : s->size[k];
        int64_t found = sum_of(n, counts + from);
        uint64_t attempt = 0;
        while (found > wanted) {
            attempt++;
            const int64_t to = from + n;
            uint32_t word[TILE];
            for (int64_t tile = from / TILE; tile * TILE < to; tile++) {
                const int64_t a = VN_MAX(tile * TILE, from), b = VN_MIN((tile + 1) * TILE, to);
                words_of_tile(key, (uint64_t)(tile * COUNTERS), attempt * PURPOSES + FILL, word);
                fill_part(s, k, b - a, word + (a - tile * TILE), counts + a);
            }
            found = sum_of(n, counts + from);
        }
        add_singles(s, key, attempt, k, wanted - found, counts);
        if (s->kind == VN_SUBSAMPLE && inverted(s, k))
            for (int64_t i = from; i < from + n; i++) counts[i] = 1 - counts[i];
    }
}

VN_CLONES
static void exponentials(const uint64_t key[2], uint64_t start, double *restrict out)
{
    for (int64_t k = 0; k < COUNTERS; k++) {
        uint64_t w0, w1;
        vn_threefry(key, start + (uint64_t)k, FILL, &w0, &w1);
        out[k] = -vn_log(vn_uniform(w0));
        out[k + COUNTERS] = -vn_log(vn_uniform(w1));
    }
}

static void fill_half_tile(const vn_resample *s, const uint64_t key[2], int64_t tile, double *weights)
{
    double value[HALF_TILE];
    const int64_t from = tile * HALF_TILE, len = VN_MIN(s->n_units - from, (int64_t)HALF_TILE);
    exponentials(key, (uint64_t)(tile * COUNTERS), value);
    memcpy(weights + from, value, sizeof(double) * (size_t)len);
}

/* Scale the strata of a replicate to their totals; sums of eight interleaved parts. */
static void normalise(const vn_resample *s, double *weights)
{
    for (int64_t k = 0; k < s->n_strata; k++) {
        const int64_t n = s->ptr[k + 1] - s->ptr[k];
        double *w = weights + s->ptr[k], part[8] = {0.0};
        int64_t i = 0;
        for (; i + 8 <= n; i += 8)
            for (int j = 0; j < 8; j++) part[j] += w[i + j];
        for (; i < n; i++) part[i % 8] += w[i];
        const double sum = ((part[0] + part[1]) + (part[2] + part[3]))
                         + ((part[4] + part[5]) + (part[6] + part[7]));
        const double factor = (double)s->size[k] / sum;
        for (i = 0; i < n; i++) w[i] *= factor;
    }
}

/* A call, and one replicate of it. */
typedef struct {
    const vn_resample *s;
    const uint64_t *key;
    int64_t from;
    int inside; /* threads of each replicate */
    int32_t *counts;
    double *weights;
    void **units; /* of each worker, made at its first replicate */
    vn_poll poll;
    void *context;
} job;

static vn_status fill_tiles(void *arg, int64_t block, int worker)
{
    const job *j = arg;
    const int64_t n = j->s->n_units;
    (void)worker;
    if (j->weights)
        for (int64_t t = block * TILES; t < vn_block_end(vn_n_blocks(n, HALF_TILE), TILES, block); t++)
            fill_half_tile(j->s, j->key, t, j->weights);
    else
        for (int64_t t = block * TILES; t < vn_block_end(vn_n_blocks(n, TILE), TILES, block); t++)
            fill_tile(j->s, j->key, 0, t, j->counts);
    return VN_OK;
}

/* One replicate's units; `poll` may be asked. */
static vn_status units_of(const job *j, int64_t replicate, vn_poll poll, int32_t *counts,
                          double *weights)
{
    const vn_resample *s = j->s;
    uint64_t own[2];
    vn_threefry(j->key, (uint64_t)replicate, UINT64_MAX, &own[0], &own[1]);
    vn_status status = VN_OK;
    if (!weights && !s->filled) {
        memset(counts, 0, sizeof(int32_t) * (size_t)s->n_units);
    } else {
        job one = {.s = s, .key = own, .counts = counts, .weights = weights};
        const int64_t n_tiles = vn_n_blocks(s->n_units, weights ? HALF_TILE : TILE);
        status = vn_team_run(fill_tiles, &one, vn_n_blocks(n_tiles, TILES), j->inside, poll,
                             j->context);
    }
    if (status != VN_OK) return status;
    if (weights) normalise(s, weights);
    else complete(s, own, counts);
    return VN_OK;
}

static vn_status draw_one(void *arg, int64_t k, int worker)
{
    const job *j = arg;
    const vn_resample *s = j->s;
    const int64_t n = s->n_positions;
    int32_t *c = j->counts ? j->counts + k * n : NULL;
    double *w = j->weights ? j->weights + k * n : NULL;
    const vn_poll poll = worker == 0 ? j->poll : NULL;
    if (!s->unit) return units_of(j, j->from + k, poll, c, w);
    if (!j->units[worker])
        j->units[worker] = vn_malloc((w ? sizeof *w : sizeof *c) * (size_t)VN_MAX(s->n_units, 1));
    void *units = j->units[worker];
    if (!units) return VN_NO_MEMORY;
    const vn_status status = units_of(j, j->from + k, poll, w ? NULL : units, w ? units : NULL);
    if (status != VN_OK) return status;
    for (int64_t i = 0; c && i < n; i++) c[i] = ((int32_t *)units)[s->unit[i]];
    for (int64_t i = 0; w && i < n; i++) w[i] = ((double *)units)[s->unit[i]];
    return VN_OK;
}

vn_status vn_resample_draw(const vn_resample *s, const uint64_t key[2], int64_t from, int64_t to,
                           int n_threads, vn_poll poll, void *context, int32_t *counts,
                           double *weights)
{
    /* each worker has replicates of its own; where these are few, threads that are left help inside */
    const int n_workers = vn_team_size(n_threads, to - from);
    job j = {.s = s, .key = key, .from = from, .inside = VN_MAX(n_threads / n_workers, 1),
             .counts = counts, .weights = weights, .poll = poll, .context = context};
    j.units = vn_calloc((size_t)n_workers, sizeof *j.units);
    if (!j.units) return VN_NO_MEMORY;
    const vn_status status = vn_team_run(draw_one, &j, to - from, n_threads, poll, context);
    for (int w = 0; w < n_workers; w++) vn_free(j.units[w]);
    vn_free(j.units);
    return status;
}
