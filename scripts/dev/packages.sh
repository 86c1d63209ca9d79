# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What a command needs from Debian and npm, installed when it is missing and not before.

# Debian 12's default Boost is older than what is needed, and its newer one has another name than
# Debian 13's and Ubuntu 24.04's.
boost_package() {
  if grep -qs '^VERSION_CODENAME=bookworm$' /etc/os-release; then
    printf 'libboost1.81-dev\n'
  else
    printf 'libboost1.83-dev\n'
  fi
}

LIBRARY_PACKAGES=(
  libgrpc++-dev libgrpc-dev protobuf-compiler protobuf-compiler-grpc libprotobuf-dev
  "$(boost_package)" librocksdb-dev libnats-dev libgtest-dev libgmock-dev libbenchmark-dev
  libspdlog-dev libfmt-dev libcli11-dev prometheus-cpp-dev libssl-dev libexpected-dev
)
# command:package. A command that is there is taken as it is, whoever installed it: Debian's npm
# conflicts with a Node.js from elsewhere.
BUILD_COMMANDS=(
  cmake:cmake g++:g++ pkg-config:pkg-config ninja:ninja-build ccache:ccache
  node:nodejs npm:npm # for clients/web
)
STACK_COMMANDS=(curl:curl nats-server:nats-server)
TEST_COMMANDS=(curl:curl nats-server:nats-server node:nodejs npm:npm python3:python3)
# Languages that producers use, for examples/ and for clients generated from proto/. A test whose
# language is missing is skipped.
LANGUAGE_PACKAGES=(
  python3-grpcio python3-protobuf php-cli golang-go protoc-gen-go protoc-gen-go-grpc
  golang-google-grpc-dev golang-github-golang-protobuf-1-5-dev
)
CLOCK_COMMANDS=(python3:python3 unshare:util-linux)
# What the fault suite breaks things with.
CHAOS_COMMANDS=(nats-server:nats-server ip:iproute2 nft:nftables mkfs.ext4:e2fsprogs mount:mount)
ATTACK_COMMANDS=(nats-server:nats-server node:nodejs openssl:openssl prlimit:util-linux)
CLANG_COMMANDS=(clang++:clang)
# libFuzzer and the sanitizers are in clang's runtime, which no package brings by itself.
FUZZ_COMMANDS=(clang++:clang)
FUZZ_PACKAGES=(libclang-rt-dev)
BROWSER_COMMANDS=(
  chromium:chromium firefox-esr:firefox-esr WebKitWebDriver:webkit2gtk-driver Xvfb:xvfb
  php:php-cli go:golang-go # they run the examples of docs/widget.md
)
# Containers without Docker: ./dev test compose.
COMPOSE_COMMANDS=(
  podman:podman docker-compose:docker-compose debootstrap:debootstrap runc:runc ip:iproute2 curl:curl
  iptables:iptables # netavark runs it
  chromium:chromium # the bell behind the proxy
)
COMPOSE_PACKAGES=(netavark aardvark-dns catatonit)
LINT_COMMANDS=(
  clang-format:clang-format clang-tidy:clang-tidy run-clang-tidy:clang-tidy shellcheck:shellcheck
  node:nodejs python3:python3 docker-compose:docker-compose git:git
)
# command:package of programs that are unpacked and not installed: prometheus's package would start a
# server, of which only promtool is wanted, and so would the proxies'.
DEPLOY_TOOLS=(promtool:prometheus kubectl:kubernetes-client nginx:nginx)
PROXY_TOOLS=(nginx:nginx caddy:caddy)
TOOLS_DIR=build/tools

# Debian keeps daemons in sbin, which a user's PATH may lack.
PATH="$PATH:/usr/sbin:/sbin"

# Commands say what they want, then install_wanted gets all that is missing at once.
WANTED=()

# want_packages NAME...: Debian packages, by name.
want_packages() {
  local package
  for package in "$@"; do
    package_installed "$package" || WANTED+=("$package")
  done
}

# want_commands COMMAND:PACKAGE...: commands, whoever brought them.
want_commands() {
  local pair
  for pair in "$@"; do
    have "${pair%%:*}" || WANTED+=("${pair#*:}")
  done
}

package_installed() {
  have dpkg-query || die "this is not a Debian system; install these yourself: $1"
  [[ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" == installed ]]
}

# apt_get ARGS...: runs it as root and waits while another apt or dpkg holds a lock, as the automatic
# upgrade of a fresh machine does. DPkg::Lock::Timeout covers dpkg's locks, which only an
# installation takes. No option covers the lock on the lists, so apt-get is started again.
APT_WAIT_SECONDS=300
apt_get() {
  local as_root=() deadline=$((SECONDS + APT_WAIT_SECONDS)) errors code said=""
  [[ "$(id -u)" -eq 0 ]] || as_root=(sudo)
  errors="$(mktemp)"
  while true; do
    code=0
    "${as_root[@]}" env LC_ALL=C DEBIAN_FRONTEND=noninteractive \
      apt-get -o DPkg::Lock::Timeout="$APT_WAIT_SECONDS" "$@" </dev/null >&2 2>"$errors" || code=$?
    if ((code == 0 || SECONDS >= deadline)) || ! grep -q 'Could not get lock' "$errors"; then
      break
    fi
    [[ -n "$said" ]] || say "    waiting for another apt: $(grep -m 1 'Could not get lock' "$errors")"
    said=yes
    sleep 1
  done
  cat "$errors" >&2
  rm -f "$errors"
  return "$code"
}

install_wanted() {
  [[ ${#WANTED[@]} -gt 0 ]] || return 0
  have apt-get || die "apt-get is missing; install these yourself: ${WANTED[*]}"
  if [[ "$(id -u)" -ne 0 ]]; then
    have sudo || die "neither root nor sudo; install these yourself: apt-get install ${WANTED[*]}"
  fi
  step "installing ${WANTED[*]}"
  apt_get update -q || die "apt-get could not update the lists of packages"
  apt_get install -y -q --no-install-recommends "${WANTED[@]}" ||
    die "apt-get could not install: ${WANTED[*]}"
  WANTED=()
}

want_build() {
  want_packages "${LIBRARY_PACKAGES[@]}"
  want_commands "${BUILD_COMMANDS[@]}"
}

# need_npm FOLDER...: what each package-lock.json names, once; an unchanged lock file costs nothing
# and needs no network.
need_npm() {
  local folder sum
  for folder in "$@"; do
    sum="$(sha256sum "$folder/package-lock.json" | cut -d' ' -f1)"
    [[ "$(cat "$folder/node_modules/.installed" 2>/dev/null)" == "$sum" ]] && continue
    step "installing npm packages of $folder"
    (cd "$folder" && npm ci --no-audit --no-fund --ignore-scripts </dev/null >&2) ||
      die "npm could not install the packages of $folder"
    printf '%s\n' "$sum" >"$folder/node_modules/.installed"
  done
}

# need_tools COMMAND:PACKAGE...: in TOOLS_DIR, once, unless the machine has the command.
need_tools() {
  local pair
  for pair in "$@"; do
    have "${pair%%:*}" || [[ -x "$TOOLS_DIR/usr/bin/${pair%%:*}" ]] ||
      [[ -x "$TOOLS_DIR/usr/sbin/${pair%%:*}" ]] || unpack_package "${pair#*:}"
  done
}

unpack_package() {
  local folder
  step "unpacking $1 into $TOOLS_DIR"
  folder="$(mktemp -d)"
  apt_get update -q || die "apt-get could not update the lists of packages"
  (cd "$folder" && apt-get download -q "$1" >&2) || die "apt-get could not download $1"
  mkdir -p "$TOOLS_DIR"
  dpkg-deb -x "$folder"/*.deb "$TOOLS_DIR" || die "$1 could not be unpacked"
  rm -rf "$folder"
}
