# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Where everything listens. A running stack's addresses are those of its dev.env; a new one takes
# the variables that are set, else the defaults plus BELFRY_PORT_OFFSET.

# address NAME PORT: the variable BELFRY_<NAME> if it is set, else loopback at PORT + offset.
address() {
  local variable="BELFRY_$1"
  printf '%s\n' "${!variable:-127.0.0.1:$(($2 + ${BELFRY_PORT_OFFSET:-0}))}"
}

# plus ADDRESS N: the same host, N ports on.
plus() { printf '%s:%s\n' "${1%:*}" "$((${1##*:} + $2))"; }

# Sets ADDRESS[<name>] for `edges` edges.
declare -A ADDRESS=()
choose_addresses() {
  local edges="$1" edge
  local offset_max=$((65535 - 8090 - edges))  # the last edge's admin port is the highest
  [[ "${BELFRY_PORT_OFFSET:-0}" =~ ^(0|[1-9][0-9]{0,4})$ && "${BELFRY_PORT_OFFSET:-0}" -le $offset_max ]] ||
    die "BELFRY_PORT_OFFSET=$BELFRY_PORT_OFFSET: must be a number from 0 to $offset_max" \
      "(it is added to every default port, up to $((8090 + edges)))"
  ADDRESS[INGEST_GRPC]="$(address INGEST_GRPC 7100)"
  ADDRESS[INGEST_ADMIN]="$(address INGEST_ADMIN 7101)"
  ADDRESS[INGEST_HTTP]="$(address INGEST_HTTP 7180)"
  ADDRESS[STORE_GRPC]="$(address STORE_GRPC 7200)"
  ADDRESS[STORE_ADMIN]="$(address STORE_ADMIN 7201)"
  ADDRESS[NATS]="127.0.0.1:$((4222 + ${BELFRY_PORT_OFFSET:-0}))"
  [[ -n "${BELFRY_NATS_URL:-}" ]] && ADDRESS[NATS]="${BELFRY_NATS_URL#nats://}"
  ADDRESS[EDGE_1_HTTP]="$(address EDGE_HTTP 8080)"
  ADDRESS[EDGE_1_ADMIN]="$(address EDGE_ADMIN 8091)"
  for ((edge = 2; edge <= edges; edge++)); do
    ADDRESS[EDGE_${edge}_HTTP]="$(plus "${ADDRESS[EDGE_1_HTTP]}" $((edge - 1)))"
    ADDRESS[EDGE_${edge}_ADMIN]="$(plus "${ADDRESS[EDGE_1_ADMIN]}" $((edge - 1)))"
  done
}

# addresses_of NAME: every HOST:PORT it listens on, one per line.
addresses_of() {
  local key="${1^^}" kind
  key="${key//-/_}"
  for kind in "" _GRPC _HTTP _ADMIN; do
    if [[ -n "${ADDRESS[$key$kind]:-}" ]]; then printf '%s\n' "${ADDRESS[$key$kind]}"; fi
  done
}

# Takes over the variables of dev.env, which this script alone writes.
load_env() {
  local key value
  [[ -f "$ENV_FILE" ]] || return 1
  while IFS='=' read -r key value; do
    [[ "$key" =~ ^BELFRY_[A-Z0-9_]+$ ]] && export "$key=$value"
  done <"$ENV_FILE"
}

write_env() {
  local key
  {
    printf 'BELFRY_API_KEY=%s\n' "$(<"$API_KEY_TEXT_FILE")"
    printf 'BELFRY_PROJECT=%s\n' "$DEMO_PROJECT"
    printf 'BELFRY_API_KEYS_FILE=%s\n' "$API_KEYS_FILE"
    printf 'BELFRY_JWT_KEYS_FILE=%s\n' "$JWT_KEYS_FILE"
    printf 'BELFRY_ANNOUNCE_KEYS_FILE=%s\n' "$ANNOUNCE_KEYS_FILE"
    printf 'BELFRY_NATS_URL=nats://%s\n' "${ADDRESS[NATS]}"
    printf 'BELFRY_EDGE_HTTP=%s\n' "${ADDRESS[EDGE_1_HTTP]}"
    printf 'BELFRY_EDGE_ADMIN=%s\n' "${ADDRESS[EDGE_1_ADMIN]}"
    for key in $(printf '%s\n' "${!ADDRESS[@]}" | sort); do
      [[ "$key" == NATS ]] || printf 'BELFRY_%s=%s\n' "$key" "${ADDRESS[$key]}"
    done
  } >"$ENV_FILE.new"
  chmod 600 "$ENV_FILE.new"
  mv "$ENV_FILE.new" "$ENV_FILE"
}

# listens HOST:PORT: somebody accepts there.
listens() { (exec 3<>"/dev/tcp/${1%:*}/${1##*:}") 2>/dev/null; }

# Who holds the port, as far as this user may see it.
port_owner() {
  have ss || return 0
  ss -Hltnp "sport = :${1##*:}" 2>/dev/null | sed -n 's/.*users:((\(.*\)))/ by \1/p' | head -n 1
}
