# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Configures and builds one preset of CMakePresets.json into build/<preset>.

# A job of this code base peaks near 1.5 GB in the sanitizer builds.
MEMORY_PER_JOB_KIB=$((1536 * 1024))

jobs_count() {
  local processors memory_kib by_memory
  [[ -n "${BELFRY_JOBS:-}" ]] && {
    printf '%s\n' "$BELFRY_JOBS"
    return
  }
  processors="$(nproc)"
  memory_kib="$(awk '/^MemAvailable:/ {print $2}' /proc/meminfo)"
  by_memory=$((memory_kib / MEMORY_PER_JOB_KIB))
  ((by_memory >= 1)) || by_memory=1
  printf '%s\n' "$((processors < by_memory ? processors : by_memory))"
}

# build PRESET TARGET...: `all` for everything.
build() {
  local preset="$1"
  shift
  # Paths relative to the checkout, so that the cache is good for another checkout too.
  export CCACHE_BASEDIR="${CCACHE_BASEDIR:-$ROOT}" CCACHE_NOHASHDIR="${CCACHE_NOHASHDIR:-1}"
  # The other presets have no edge to serve it.
  [[ "$preset" =~ ^(tsan|fuzz)$ ]] || need_npm clients/web
  step "building $* ($preset)"
  cmake --preset "$preset" -Wno-dev >"$(build_log "$preset")" 2>&1 || {
    cat "$(build_log "$preset")" >&2
    die "cmake could not configure build/$preset"
  }
  cmake --build --preset "$preset" -j "$(jobs_count)" --target "$@" >&2 ||
    die "the build of $preset failed"
}

build_log() {
  mkdir -p "$ROOT/build/$1"
  printf '%s\n' "$ROOT/build/$1/configure.log"
}
