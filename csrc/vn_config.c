#include "vn_config.h"

#include "vn_common.h"

/* The test is the one that the resolvers of VN_CLONES make, in the same order. */
const char *vn_config_dispatch(void) {
#if defined(VN_DISPATCH) && defined(__x86_64__) && defined(__GNUC__) && !defined(__SANITIZE_ADDRESS__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("x86-64-v4")) return "x86-64-v4";
    if (__builtin_cpu_supports("x86-64-v3")) return "x86-64-v3";
    return "baseline";
#else
    return "none";
#endif
}

const char *vn_config_compiler(void) {
#if defined(__clang__)
    return __VERSION__; /* "Clang 17.0.6 ..." */
#elif defined(__GNUC__)
    return "GCC " __VERSION__;
#else
    return "unknown";
#endif
}

const char *vn_config_sanitizers(void) {
#if defined(__SANITIZE_ADDRESS__)
    return "address";
#else
    return "";
#endif
}
