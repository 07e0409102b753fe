#include "vn_existence.h"

#include <string.h>

/* Is there a real x with no cycle of negative length x * orders + gaps? Each bad cycle cuts off a
 * half-line of x. Starting at 0, x moves to where the bad cycle stops being bad, always to the same
 * side; a bad cycle that points the other way (or nowhere) proves that no x is left. */
static vn_status some_offset_works(const vn_cells *c, vn_poll poll, void *context, int *works)
{
    int64_t p = 0, q = 1;
    int side = 0;
    *works = 0;
    for (;;) {
        int found = 0;
        int64_t orders = 0, gaps = 0;
        const vn_status status = vn_negative_cycle(c, p, q, poll, context, &found, &orders, &gaps);
        if (status != VN_OK) return status;
        if (!found) {
            *works = 1;
            return VN_OK;
        }
        if (orders == 0 || side * orders < 0) return VN_OK;
        side = orders > 0 ? 1 : -1;
        p = -side * gaps;
        q = side * orders;
    }
}

/* Orders of the wins, as the winner sees them, and |order| of the ties, as bits 1 (-1), 2 (0), 4. */
static void orders_seen(const vn_cells *c, int free_tie, int *wins, int *ties)
{
    *wins = *ties = 0;
    const int64_t m = c->row_ptr[c->n];
    for (int64_t k = 0; k < m; k++) {
        const double tie = c->tie ? c->tie[k] : 0.0, half = free_tie ? 0.0 : tie;
        const int o = c->order[k];
        if (c->win[k] + half > 0.0) *wins |= 1 << (o + 1);
        if (c->loss[k] + half > 0.0) *wins |= 1 << (1 - o);
        if (free_tie && tie > 0.0) *ties |= 1 << ((o < 0 ? -o : o) + 1);
    }
}

static int held(const vn_cells *c, int order_effect, int free_tie)
{
    int wins, ties;
    orders_seen(c, free_tie, &wins, &ties);
    const int one_sided = !(wins & 1) || !(wins & 4);
    if (order_effect && !(ties & ~2) && one_sided) return VN_ORDER_NOT_HELD;
    if (free_tie && (wins == 0 || (order_effect && (wins == 1 || wins == 4)))) return VN_TIE_NOT_HELD;
    return VN_EXISTS;
}

vn_status vn_existence(const vn_cells *c, int order_effect, int free_tie, int prior, vn_poll poll,
                       void *context, int32_t *labels, int64_t *n_weak, int *reason)
{
    int whole = 0;
    *reason = VN_EXISTS;
    vn_status status = vn_strongly_connected(c, 8, &whole);
    if (status != VN_OK) return status;
    if (whole) {
        memset(labels, 0, sizeof(int32_t) * (size_t)c->n);
        *n_weak = 1;
    } else {
        status = vn_weak_components(c, labels, n_weak);
        if (status != VN_OK) return status;
    }
    if (prior) {
        if (order_effect || free_tie) *reason = held(c, order_effect, free_tie);
        return VN_OK;
    }
    if (!whole) {
        int64_t n_strong = 0;
        int32_t *strong = vn_malloc(sizeof(int32_t) * (size_t)VN_MAX(c->n, 1));
        if (!strong) return VN_NO_MEMORY;
        status = vn_strong_components(c, strong, &n_strong);
        vn_free(strong);
        if (status != VN_OK) return status;
        if (n_strong > *n_weak) {
            *reason = VN_STRENGTHS_UNBOUNDED;
            return VN_OK;
        }
    }
    for (int p = 1; order_effect && p >= -1; p -= 2) {
        int found = 0;
        int64_t orders, gaps;
        status = vn_negative_cycle(c, p, 0, poll, context, &found, &orders, &gaps);
        if (status != VN_OK) return status;
        if (!found) {
            *reason = p > 0 ? VN_ORDER_UNBOUNDED_AGAINST : VN_ORDER_UNBOUNDED_WITH;
            return VN_OK;
        }
    }
    if (free_tie) {
        int bounded = 0;
        if (order_effect) {
            int works = 0;
            status = some_offset_works(c, poll, context, &works);
            bounded = !works;
        } else {
            int64_t orders, gaps;
            status = vn_negative_cycle(c, 0, 1, poll, context, &bounded, &orders, &gaps);
        }
        if (status != VN_OK) return status;
        if (!bounded) *reason = VN_TIE_UNBOUNDED;
    }
    return VN_OK;
}
