#include "vn_solver.h"

#include <math.h>
#include <string.h>
#include <time.h>

/* Iterations of one solve, by level, before the next level is tried. */
static const int64_t patience[] = {40, 120, INT64_MAX};

#define LOOK 15    /* iterations after which progress is judged */
#define HOPELESS 2 /* Jacobi is left at once when it would need this many times its patience */

/* Multigrid is passed over where items' weights differ by more than this: it failed on all such
 * graphs that were tried. */
#define WIDE 1e7

/* How long iterations take with all threads and with one. Results do not depend on the number of
 * threads, so on a busy machine, where threads wait for each other, one is used instead. */
typedef struct {
    double many, one; /* seconds per iteration, recent average; 0 unknown */
    int64_t tick;
} pace;

#define PROBE 64 /* iterations between two looks at the way not taken */

/* Graphs at least this large are renumbered when neighbours are farther apart, on average, than
 * this share of the items. */
#define RENUMBER_SIZE 20000
#define FAR 0.05

/* What the iteration works on: the problem's own arrays, or renumbered copies. */
typedef struct {
    const vn_laplacian *h;
    const double *mass, *border[VN_MAX_BORDER];
} view;

struct vn_solver {
    const vn_problem *p;
    view view;
    int is_renumbered;
    vn_renumbered renumbered;
    double *mass, *border[VN_MAX_BORDER]; /* renumbered copies */
    pace pace;
    int has_elimination;
    vn_elimination elimination;
    vn_solver_level level;
    int stale_matrix, stale_level;
    int has_multigrid, has_cholesky;
    vn_multigrid multigrid;
    vn_cholesky cholesky;
    int64_t first_iter, last_iter; /* of the first solve with this factor, and of the last one */
    double *r, *z, *d, *q;  /* n + n_border: residual, M^-1 r, direction, A d */
    double *work, *core_r, *core_z; /* with elimination only */
    double *partial;        /* n: enough for the blocks of any numbering */
};

vn_status vn_solver_new(const vn_problem *p, int parallel_edges, vn_solver **out)
{
    *out = NULL;
    vn_solver *s = vn_calloc(1, sizeof *s);
    if (!s) return VN_NO_MEMORY;
    s->p = p;
    s->view.h = &p->h;
    s->view.mass = p->mass;
    for (int b = 0; b < p->n_border; b++) s->view.border[b] = p->border[b];
    const size_t size = sizeof(double) * (size_t)(p->n + VN_MAX_BORDER);
    s->r = vn_malloc(size);
    s->z = vn_malloc(size);
    s->d = vn_malloc(size);
    s->q = vn_malloc(size);
    s->partial = vn_malloc(sizeof(double) * (size_t)VN_MAX(p->n, 1));
    vn_status status = s->r && s->z && s->d && s->q && s->partial ? VN_OK : VN_NO_MEMORY;
    if (status == VN_OK)
        status = vn_eliminate_pattern(&p->h, p->lower_ptr, p->lower, p->n_edges, parallel_edges,
                                      &s->elimination, &s->has_elimination);
    if (status == VN_OK && s->has_elimination) {
        const size_t core = sizeof(double) * (size_t)VN_MAX(s->elimination.core.n, 1);
        s->core_r = vn_malloc(core);
        s->core_z = vn_malloc(core);
        s->work = vn_malloc(size);
        if (!s->core_r || !s->core_z || !s->work) status = VN_NO_MEMORY;
    }
    if (status != VN_OK) {
        vn_solver_free(s);
        return status;
    }
    vn_solver_refresh(s);
    *out = s;
    return VN_OK;
}

static void release_multigrid(vn_solver *s)
{
    if (s->has_multigrid) vn_multigrid_free(&s->multigrid);
    s->has_multigrid = 0;
}

void vn_solver_free(vn_solver *s)
{
    if (!s) return;
    vn_elimination_free(&s->elimination);
    vn_renumber_free(&s->renumbered);
    vn_free(s->mass);
    for (int b = 0; b < VN_MAX_BORDER; b++) vn_free(s->border[b]);
    release_multigrid(s);
    vn_cholesky_free(&s->cholesky);
    vn_free(s->r);
    vn_free(s->z);
    vn_free(s->d);
    vn_free(s->q);
    vn_free(s->work);
    vn_free(s->partial);
    vn_free(s->core_r);
    vn_free(s->core_z);
    vn_free(s);
}

void vn_solver_refresh(vn_solver *s) { s->stale_matrix = s->stale_level = 1; }

vn_solver_level vn_solver_current_level(const vn_solver *s) { return s->level; }

static const vn_laplacian *core_of(const vn_solver *s)
{
    return s->has_elimination ? &s->elimination.core : s->view.h;
}

/* Work on vertices in `order`, which is taken over. */
static vn_status work_in_order(vn_solver *s, int32_t *order, int n_threads)
{
    const vn_problem *p = s->p;
    vn_status status = vn_renumber_build(&p->h, order, n_threads, &s->renumbered);
    s->mass = vn_malloc(sizeof(double) * (size_t)p->n);
    if (!s->mass) status = VN_NO_MEMORY;
    for (int b = 0; b < p->n_border; b++) {
        s->border[b] = vn_malloc(sizeof(double) * (size_t)p->n);
        if (!s->border[b]) status = VN_NO_MEMORY;
    }
    if (status != VN_OK) return status;
    vn_renumber_gather(&s->renumbered, p->mass, s->mass);
    s->view = (view){&s->renumbered.a, s->mass, {s->border[0], s->border[1]}};
    s->is_renumbered = 1;
    return VN_OK;
}

/* Number the vertices as the multigrid groups them, if that brings neighbours nearer. */
static vn_status renumber(vn_solver *s, int n_threads)
{
    const vn_problem *p = s->p;
    if (s->is_renumbered || s->has_elimination || p->n < RENUMBER_SIZE || s->multigrid.n_levels < 2
        || vn_neighbour_distance(&p->h) < FAR)
        return VN_OK;
    int32_t *order;
    vn_status status = vn_multigrid_order(&s->multigrid, &order);
    if (status == VN_OK) status = work_in_order(s, order, n_threads);
    if (status == VN_OK)
        vn_multigrid_renumber(&s->multigrid, &s->renumbered.a, s->renumbered.order);
    return status;
}

vn_status vn_solver_adopt(vn_solver *s, const vn_solver *donor, int n_threads)
{
    const int64_t n = s->p->n;
    if (s->has_elimination || donor->has_elimination || donor->p->n != n
        || !(donor->has_multigrid || donor->has_cholesky))
        return VN_OK;
    if (donor->is_renumbered) {
        int32_t *order = vn_malloc(sizeof(int32_t) * (size_t)n);
        if (!order) return VN_NO_MEMORY;
        memcpy(order, donor->renumbered.order, sizeof(int32_t) * (size_t)n);
        const vn_status status = work_in_order(s, order, n_threads);
        if (status != VN_OK) return status;
    }
    s->level = donor->level;
    if (donor->has_cholesky) {
        s->has_cholesky = 1;
        return vn_cholesky_share(&donor->cholesky, &s->cholesky);
    }
    s->has_multigrid = 1;
    return vn_multigrid_share(&donor->multigrid, s->view.h, &s->multigrid);
}

/* The values of the renumbered copies. */
static void refresh_view(vn_solver *s, int n_threads)
{
    if (!s->is_renumbered) return;
    vn_renumber_refresh(&s->renumbered, &s->p->h, n_threads);
    for (int b = 0; b < s->p->n_border; b++)
        vn_renumber_gather(&s->renumbered, s->p->border[b], s->border[b]);
}

/* Bring everything up to date with the matrix and the level. */
static vn_status prepare(vn_solver *s, int n_threads)
{
    vn_status status = VN_OK;
    if (s->stale_matrix) {
        refresh_view(s, n_threads);
        if (s->has_elimination)
            vn_eliminate_refresh(&s->elimination, &s->p->h, s->p->lower_ptr, n_threads);
    }
    s->stale_matrix = 0;
    if (s->level == VN_MULTIGRID && s->stale_level) {
        if (s->has_multigrid) {
            if (!s->multigrid.shared) status = vn_multigrid_refresh(&s->multigrid, n_threads);
        } else {
            status = vn_multigrid_build(core_of(s), n_threads, &s->multigrid);
            s->has_multigrid = 1;
            if (status == VN_OK) status = renumber(s, n_threads);
            refresh_view(s, n_threads);
        }
    }
    /* an old factor serves until solves take half as many iterations again as its first */
    if (s->level == VN_CHOLESKY && s->stale_level
        && (!s->has_cholesky || 2 * s->last_iter > 3 * s->first_iter + 6)) {
        vn_cholesky_free(&s->cholesky);
        status = vn_cholesky_build(core_of(s), &s->cholesky);
        s->has_cholesky = status == VN_OK;
        s->first_iter = s->last_iter = 0;
    }
    s->stale_level = 0;
    return status;
}

/* z = M^-1 r on the theta block. */
static void precondition(vn_solver *s, int n_threads)
{
    const vn_problem *p = s->p;
    const vn_laplacian *core = core_of(s);
    double *r = s->r, *z = s->z;
    if (s->has_elimination) {
        memcpy(s->work, s->r, sizeof(double) * (size_t)p->n);
        vn_eliminate_forward(&s->elimination, s->work, s->core_r);
        r = s->core_r;
        z = s->core_z;
    }
    if (s->level == VN_MULTIGRID) {
        vn_multigrid_apply(&s->multigrid, r, z, n_threads);
    } else if (s->level == VN_CHOLESKY) {
        vn_cholesky_apply(&s->cholesky, r, z);
    } else {
        VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(static) if (core->n > 8192))
        for (int64_t i = 0; i < core->n; i++)
            z[i] = core->diag[i] > 0.0 ? r[i] / core->diag[i] : 0.0;
    }
    if (s->has_elimination) vn_eliminate_back(&s->elimination, s->work, s->core_z, s->z);
}

/* The bordering rows: z there from the corner alone, y += border terms of the product with d. */
static void precondition_border(const vn_solver *s)
{
    const vn_problem *p = s->p;
    const double *r = s->r + p->n;
    double *z = s->z + p->n;
    if (p->n_border == 1) {
        z[0] = p->corner[0][0] > 0.0 ? r[0] / p->corner[0][0] : 0.0;
    } else if (p->n_border == 2) {
        const double a = p->corner[0][0], b = p->corner[0][1], c = p->corner[1][1];
        const double det = a * c - b * b;
        z[0] = det > 0.0 ? (c * r[0] - b * r[1]) / det : a > 0.0 ? r[0] / a : 0.0;
        z[1] = det > 0.0 ? (a * r[1] - b * r[0]) / det : c > 0.0 ? r[1] / c : 0.0;
    }
}

static double apply(vn_solver *s, int n_threads)
{
    const vn_problem *p = s->p;
    const int64_t n = p->n;
    double dot = vn_laplacian_apply(s->view.h, s->d, s->q, s->partial, n_threads);
    for (int b = 0; b < p->n_border; b++) {
        const double db = s->d[n + b], *border = s->view.border[b];
        const double bd = vn_laplacian_dot(s->view.h, border, s->d, s->partial, n_threads);
        VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(static) if (n > 8192))
        for (int64_t i = 0; i < n; i++) s->q[i] += db * border[i];
        double sum = bd;
        for (int c = 0; c < p->n_border; c++) sum += p->corner[b][c] * s->d[n + c];
        s->q[n + b] = sum;
        dot += db * bd + db * sum;
    }
    return dot;
}

static double dot(const vn_solver *s, const double *x, const double *y, int n_threads)
{
    double sum = vn_laplacian_dot(s->view.h, x, y, s->partial, n_threads);
    for (int b = 0; b < s->p->n_border; b++) sum += x[s->p->n + b] * y[s->p->n + b];
    return sum;
}

/* Largest ratio of a residual to what is allowed there; solved when at most 1. */
static double excess(const vn_solver *s, const vn_solve_options *o, int n_threads)
{
    const vn_problem *p = s->p;
    double largest = 0.0;
    VN_PRAGMA(omp parallel for num_threads(n_threads) schedule(static) reduction(max:largest) if (p->n > 8192))
    for (int64_t i = 0; i < p->n; i++) {
        const double by_mass = o->mass_tolerance * s->view.mass[i];
        const double by_diagonal = o->diagonal_tolerance * s->view.h->diag[i];
        const double allowed = by_mass < by_diagonal ? by_mass : by_diagonal;
        const double ratio = allowed > 0.0 ? fabs(s->r[i]) / allowed : 0.0;
        largest = ratio > largest ? ratio : largest;
    }
    for (int b = 0; b < p->n_border; b++)
        largest = fmax(largest, fabs(s->r[p->n + b]) / (o->mass_tolerance * p->total));
    return largest;
}

/* Iterations of this level before the next is tried: its patience; as many again where the progress
 * so far promises an end in fewer than that; few of Jacobi where it promises none. */
static int64_t limit_of(const vn_solver *s, int64_t done, double first, double now)
{
    const int64_t limit = patience[s->level];
    if (done < LOOK || s->level == VN_CHOLESKY) return limit;
    const double rate = log(first / now) / (double)done;
    if (s->level == VN_JACOBI && rate * (double)(HOPELESS * limit) < log(now)) return done;
    return done >= limit && rate * (double)(2 * limit - done) > log(now) ? 2 * limit : limit;
}

static int pick_threads(pace *w, int n_threads)
{
    const int64_t phase = w->tick++ % PROBE;
    if (n_threads == 1 || w->many == 0.0 || phase == PROBE / 2) return n_threads;
    if (w->one == 0.0 || phase == 0) return 1;
    return w->one < w->many ? 1 : n_threads;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void record(double *average, double sample)
{
    *average = *average == 0.0 ? sample : 0.5 * (*average + sample);
}

/* r and x to the renumbered vertices; z and d are scratch. */
static void enter_numbering(vn_solver *s, double *x)
{
    const size_t size = sizeof(double) * (size_t)s->p->n;
    vn_renumber_gather(&s->renumbered, s->r, s->z);
    memcpy(s->r, s->z, size);
    vn_renumber_gather(&s->renumbered, x, s->z);
    memcpy(x, s->z, size);
}

static void leave_numbering(vn_solver *s, double *x)
{
    vn_renumber_scatter(&s->renumbered, x, s->z);
    memcpy(x, s->z, sizeof(double) * (size_t)s->p->n);
}

/* Go up one level; r and x are renumbered where that comes with it. */
static vn_status level_up(vn_solver *s, int n_threads, double *x)
{
    const int was_renumbered = s->is_renumbered;
    s->level = s->p->mass_ratio > WIDE ? VN_CHOLESKY : s->level + 1;
    s->stale_level = 1;
    const vn_status status = prepare(s, n_threads);
    if (status != VN_OK) return status;
    if (s->is_renumbered && !was_renumbered) enter_numbering(s, x);
    if (s->level == VN_CHOLESKY) release_multigrid(s);
    s->pace = (pace){0.0, 0.0, 1};
    return VN_OK;
}

/* Conjugate gradients from x = 0, r = rhs in place, until no excess is left. */
static vn_status iterate(vn_solver *s, const vn_solve_options *o, double *x, int64_t *n_iter)
{
    const vn_problem *p = s->p;
    const int64_t n = p->n, size = n + p->n_border;
    int64_t at_level = 0, work = 0;
    int restart = 1;
    double zr = 0.0, step = 0.0, first = 0.0;
    for (;;) {
        const double started = seconds();
        const int threads = pick_threads(&s->pace, o->n_threads);
        const double now = excess(s, o, threads);
        if (now <= 1.0) break;
        if (*n_iter >= o->max_iter) return VN_NOT_CONVERGED;
        if (at_level == 0) first = now;
        if (at_level >= limit_of(s, at_level, first, now)) {
            const vn_status status = level_up(s, o->n_threads, x);
            if (status != VN_OK) return status;
            at_level = 0;
            first = now;
            restart = 1;
        }
        const int timed = !restart;
        precondition(s, threads);
        precondition_border(s);
        const double rz = dot(s, s->z, s->r, threads);
        if (!(rz > 0.0)) break;
        /* flexible: z.(r - r_before) = -step * z.(A d); the cycle is not a fixed linear map */
        const double beta = restart ? 0.0 : -step * dot(s, s->z, s->q, threads) / zr;
        VN_PRAGMA(omp parallel for num_threads(threads) schedule(static) if (n > 8192))
        for (int64_t i = 0; i < size; i++) s->d[i] = s->z[i] + (restart ? 0.0 : beta * s->d[i]);
        restart = 0;
        zr = rz;
        const double curvature = apply(s, threads);
        if (!(curvature > 0.0)) break;
        step = rz / curvature;
        VN_PRAGMA(omp parallel for num_threads(threads) schedule(static) if (n > 8192))
        for (int64_t i = 0; i < size; i++) {
            x[i] += step * s->d[i];
            s->r[i] -= step * s->q[i];
        }
        ++*n_iter;
        at_level++;
        if (timed) record(threads == 1 ? &s->pace.one : &s->pace.many, seconds() - started);
        work += 2 * p->n_edges + 10 * n;
        if (o->poll && work > 20000000) {
            work = 0;
            if (o->poll(o->poll_context)) return VN_INTERRUPTED;
        }
    }
    s->last_iter = at_level;
    if (s->first_iter == 0) s->first_iter = at_level;
    return excess(s, o, 1) <= 1.0 ? VN_OK : VN_NOT_CONVERGED;
}

vn_status vn_solver_solve(vn_solver *s, const double *rhs, const vn_solve_options *o, double *x,
                          int64_t *n_iter)
{
    const size_t size = sizeof(double) * (size_t)(s->p->n + s->p->n_border);
    *n_iter = 0;
    vn_status status = prepare(s, o->n_threads);
    if (status != VN_OK) return status;
    memcpy(s->r, rhs, size);
    memset(x, 0, size);
    if (s->is_renumbered) enter_numbering(s, x);
    status = iterate(s, o, x, n_iter);
    if (s->is_renumbered) leave_numbering(s, x);
    return status;
}

int vn_solver_levels(const vn_solver *s, int room, int64_t *n_vertices, int64_t *n_entries)
{
    const int n_levels = s->has_multigrid ? s->multigrid.n_levels : 1;
    for (int k = 0; k < VN_MIN(n_levels, room); k++) {
        const vn_laplacian *a = s->has_multigrid ? &s->multigrid.level[k].a : core_of(s);
        n_vertices[k] = a->n;
        n_entries[k] = a->ptr[a->n];
    }
    return n_levels;
}
