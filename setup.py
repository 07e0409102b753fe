"""Build of the native layer; everything else about the project is in pyproject.toml.

Every ``src/venire/_native/NAME.pyx`` becomes the extension ``venire._native.NAME``. All of
``csrc/*.c`` becomes one shared library, ``lib/libvenire`` beside them, which each extension finds
by a path relative to itself: its team of threads exists once in a process. Objects are kept under
``build/`` and compiled again only when a file that they include changed.

Environment variables
---------------------
VENIRE_NO_DISPATCH=1   build for the baseline instruction set only
VENIRE_SANITIZE=LIST   build with -fsanitize=LIST (for the tests of the C layer)
VENIRE_TEST_MEMORY=1   let tests count blocks of memory and make requests fail
VENIRE_WERROR=1        make every warning in the C layer an error
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import CompileError, LinkError

ROOT = Path(__file__).resolve().parent
CSRC = Path("csrc")
NATIVE = Path("src/venire/_native")
PUBLIC = Path("src/venire/include")  # the header for other packages
LIBRARY = "lib/libvenire.dylib" if sys.platform == "darwin" else "lib/libvenire.so"
BUILD = Path("build")

CYTHON_DIRECTIVES = {
    "language_level": 3,
    "boundscheck": False,
    "wraparound": False,
    "cdivision": True,
    "initializedcheck": False,
    "embedsignature": True,
}

# Never -ffast-math (its start-up code flips the process to flush-to-zero), never -march=native.
C_FLAGS = ["-O3", "-std=gnu11", "-fno-math-errno", "-fno-trapping-math", "-pthread"]
LIBRARY_FLAGS = ["-fopenmp-simd", "-fno-semantic-interposition"]  # simd alone: no OpenMP run time
RELEASE_FLAGS = ["-g0"]  # Python's own flags ask for debugging information; it is most of the size
C_WARNINGS = ["-Wall", "-Wextra", "-Wshadow", "-Wno-unknown-pragmas"]
CYTHON_WARNINGS = ["-Wno-unused-function", "-Wno-maybe-uninitialized", "-Wno-discarded-qualifiers"]
NUMPY_MACROS = [
    ("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION"),
    ("NPY_TARGET_VERSION", "NPY_2_0_API_VERSION"),
]

# Which clone of a function runs is decided by the loader (ELF ifunc): that of glibc can do it, that
# of musl cannot, though some compilers for musl translate and link it.
DISPATCH_PROBE = """
#include <stdlib.h>
#if !defined(__x86_64__) || (defined(__linux__) && !defined(__GLIBC__))
#error "dispatch is for x86-64, and on Linux for glibc"
#endif
__attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
double dot(const double *x, const double *y, int n) {
    double s = 0;
    for (int i = 0; i < n; i++) s += x[i] * y[i];
    return s;
}
int main(void) {
    double x[4] = {1, 2, 3, 4};
    return !(__builtin_cpu_supports("x86-64-v4") >= 0 && dot(x, x, 4) == 30.0);
}
"""


def wanted(name: str) -> bool:
    """Whether the environment variable `name` is set to something that means yes."""
    return os.environ.get(name, "").lower() not in ("", "0", "no", "false")


def digest(text: str) -> str:
    """A short name for a way of building."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def included(path: Path, seen: set[Path] | None = None) -> set[Path]:
    """`path` and every file of ours that it includes, directly or not."""
    seen = set() if seen is None else seen
    if path not in seen and path.exists():
        seen.add(path)
        for name in re.findall(r'^\s*#\s*include\s*"([^"]+)"', path.read_text(), re.MULTILINE):
            own = CSRC / Path(name).name
            included(own if own.exists() else PUBLIC / own.name, seen)
    return seen


def is_newer(target: Path, sources: set[Path]) -> bool:
    """Whether `target` exists and no source changed after it was made."""
    return target.exists() and all(
        s.stat().st_mtime <= target.stat().st_mtime for s in sources if s.exists()
    )


@contextlib.contextmanager
def locked(path: Path):
    """Hold an exclusive lock, so that two builds in one tree do not mix their files."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        try:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX)
        except ImportError:
            pass
        yield


class BuildNative(build_ext):
    """Probe the compiler, build the C library, then the extensions, a file to a thread."""

    def finalize_options(self) -> None:
        super().finalize_options()
        if self.parallel is None and os.name == "posix":
            self.parallel = len(os.sched_getaffinity(0)) if sys.platform == "linux" else 2

    def run(self) -> None:
        with locked(BUILD / ".lock"):
            super().run()

    def build_extensions(self) -> None:
        self.flags, self.link_flags = list(C_FLAGS), ["-pthread"]
        self._configure()
        recipe = [*self.compiler.compiler_so, *self.flags, *self.link_flags]
        self.objects_dir = BUILD / f"native-{self.plat_name}-{digest(' '.join(recipe))}"
        self.library = self._c_library()
        self._cythonize()
        super().build_extensions()

    def copy_extensions_to_source(self) -> None:
        super().copy_extensions_to_source()
        for stale in NATIVE.glob("*.so"):  # an extension whose source is gone
            if not (NATIVE / stale.name.split(".")[0]).with_suffix(".pyx").exists():
                stale.unlink()
        self.mkpath(str((NATIVE / LIBRARY).parent))
        self.copy_file(str(self.library), str(NATIVE / LIBRARY))

    def _configure(self) -> None:
        """Decide on dispatch, sanitizers and hooks for tests; says what it found."""
        sanitize = os.environ.get("VENIRE_SANITIZE", "")
        if sanitize:
            flags = [f"-fsanitize={sanitize}", "-fno-omit-frame-pointer"]
            self.flags += [*flags, "-fno-sanitize-recover=undefined", "-g", "-O1"]
            self.link_flags += flags
        else:
            self.flags += RELEASE_FLAGS
        if wanted("VENIRE_WERROR"):
            self.flags.append("-Werror")
        dispatch = not sanitize and not wanted("VENIRE_NO_DISPATCH")
        if dispatch := dispatch and self._probe(DISPATCH_PROBE, ["-O2"]):
            self.flags.append("-DVN_DISPATCH")
        print(f"venire: dispatch {'on' if dispatch else 'off'}")

    def _probe(self, program: str, compile_flags: list[str]) -> bool:
        """Whether `program` compiles and links."""
        with tempfile.TemporaryDirectory() as folder, open(os.devnull, "w") as null:
            source = Path(folder, "probe.c")
            source.write_text(program)
            saved = os.dup(2)
            try:  # the compiler's complaints about a feature it lacks are not news
                os.dup2(null.fileno(), 2)
                objects = self.compiler.compile(
                    [str(source)], output_dir=folder, extra_preargs=compile_flags
                )
                self.compiler.link_executable(objects, "probe", output_dir=folder)
            except (CompileError, LinkError):
                return False
            finally:
                os.dup2(saved, 2)
                os.close(saved)
        return True

    def _object(self, source: Path, folder: Path, depends: set[Path], **options) -> str:
        """Compile one file unless its object is newer than all that it depends on."""
        target = folder / source.with_suffix(".o").name
        if not is_newer(target, depends):
            target.unlink(missing_ok=True)
            made = self.compiler.compile([str(source)], output_dir=str(folder), **options)
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(made[0], target)
        return str(target)

    def _c_library(self) -> Path:
        """Compile csrc/ and link it into the shared library beside the extensions."""
        sources = sorted(CSRC.glob("*.c"))
        # Python's own -fwrapv keeps loops that count in int from being vectorised.
        extra = [*C_WARNINGS, *self.flags, *LIBRARY_FLAGS, "-fno-wrapv"]
        options = {"include_dirs": [str(CSRC), str(PUBLIC)], "extra_postargs": extra}
        folder = self.objects_dir / "csrc"

        def compiled(source: Path) -> str:
            """The hooks for tests are in one file; all others are the same with and without."""
            hooks = source.name == "vn_memory.c" and wanted("VENIRE_TEST_MEMORY")
            place = folder / "test" if hooks else folder
            macros = [("VN_TEST_MEMORY", None)] if hooks else []
            return self._object(source, place, included(source), macros=macros, **options)

        with ThreadPoolExecutor(self.parallel or 1) as pool:
            jobs = [pool.submit(compiled, source) for source in sources]
            objects = [job.result() for job in jobs]
        target = Path(self.get_ext_fullpath("venire._native.x")).parent / LIBRARY
        mac = sys.platform == "darwin"
        name = ["-install_name", f"@rpath/{target.name}"] if mac else [f"-Wl,-soname,{target.name}"]
        self._link(objects, target, folder / "objects.txt", set(map(Path, objects)), name)
        return target

    def _link(
        self, objects: list[str], target: Path, stamp: Path, depends: set[Path], extra: list[str]
    ) -> None:
        """Link `target` unless it was made of these very objects and is newer than all of them."""
        record = "\n".join([*objects, *extra, str(target)])
        if is_newer(target, depends) and stamp.exists() and stamp.read_text() == record:
            return
        for other in BUILD.glob(f"native-*/{stamp.parent.name}/{stamp.name}"):
            other.unlink()
        target.unlink(missing_ok=True)  # a process that has the old one open keeps it
        self.compiler.link_shared_object(
            objects,
            str(target),
            libraries=["m"],
            library_dirs=self.compiler.library_dirs,
            extra_postargs=[*self.link_flags, *extra],
            build_temp=str(stamp.parent),
        )
        stamp.write_text(record)

    def _cythonize(self) -> None:
        """Translate what changed; the C files go below build/."""
        import Cython
        from Cython.Build import cythonize

        modules = [Extension(e.name, list(e.sources)) for e in self.extensions]
        tag = digest(f"{Cython.__version__} {CYTHON_DIRECTIVES}")
        translated = cythonize(
            modules, build_dir=str(BUILD / f"cython-{tag}"), compiler_directives=CYTHON_DIRECTIVES
        )
        sources = {e.name: list(e.sources) for e in translated}
        for extension in self.extensions:
            extension.sources = sources[extension.name]

    def build_extension(self, ext: Extension) -> None:
        import numpy as np

        folder = self.objects_dir / Path(self.get_ext_filename("x")).name.split(".")[1]
        source = Path(ext.sources[0])
        obj = self._object(
            source,
            folder,
            included(source),
            macros=NUMPY_MACROS,
            include_dirs=[str(CSRC), str(PUBLIC), str(NATIVE), np.get_include()],
            extra_postargs=[*CYTHON_WARNINGS, *self.flags],
        )
        target = Path(self.get_ext_fullpath(ext.name))
        beside = "@loader_path" if sys.platform == "darwin" else "$ORIGIN"
        extra = [str(self.library), f"-Wl,-rpath,{beside}/{Path(LIBRARY).parent}"]
        self._link([obj], target, folder / f"{source.stem}.linked", {Path(obj)}, extra)


os.chdir(ROOT)
setup(
    ext_modules=[
        Extension(f"venire._native.{p.stem}", [p.as_posix()]) for p in sorted(NATIVE.glob("*.pyx"))
    ],
    cmdclass={"build_ext": BuildNative},
)
