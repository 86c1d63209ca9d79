#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# make-man.sh PROGRAM [NAME]: prints the manual page of a program, made from its --help and --version.
# The help of each subcommand becomes a section of its own.
set -eu
program="$1"
name="${2:-$(basename "$program")}"
case "$name" in
  belfry) what="publish notifications, follow streams, make tokens and keys" ;;
  belfry-store) what="order, commit and announce notifications" ;;
  belfry-ingest) what="take notifications from producers" ;;
  belfry-edge) what="hold browsers' streams and answer their API" ;;
  belfry-local) what="show that belfry works on this machine" ;;
  *)
    echo "make-man.sh: no description of $name" >&2
    exit 2
    ;;
esac
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
if [ "$name" != "$(basename "$program")" ]; then
  cp "$program" "$scratch/$name"
  program="$scratch/$name"
fi

# The commands that the help on stdin lists.
commands() { awk '/^[A-Z].*:$/ { on = /^(Subcommands|Commands)/ } on && /^  [a-z]/ { print $1 }'; }

# Lines as wide as a page, each flag's text in its own column.
wrap() {
  awk -v width=72 '{
    indent = match($0, /^ *[^ ]+( [^ ]+)*  +/) && RLENGTH <= 40 ? RLENGTH : match($0, /[^ ]/) - 1
    line = $0
    while (length(line) > width) {
      at = width + 1
      while (at > indent + 1 && substr(line, at, 1) != " ") at--
      if (at <= indent + 1) break
      print substr(line, 1, at - 1)
      line = sprintf("%*s%s", indent, "", substr(line, at + 1))
    }
    print line
  }'
}

# section WORD...: the help of a command, and of its own commands.
section() {
  "$program" "$@" --help >"$scratch/help"
  printf '\n[COMMAND %s]\n.nf\n' "$(printf '%s' "$*" | tr '[:lower:]' '[:upper:]')"
  sed '/^Examples:/,$d' "$scratch/help" | wrap | sed -e 's/\\/\\e/g' -e "s/^[.']/\\\\\&&/"
  printf '.fi\n'
  for command in $(commands <"$scratch/help"); do section "$@" "$command"; done
}

for command in $("$program" --help | commands); do section "$command"; done >"$scratch/sections"
printf '\n[BUGS]\nSECURITY.md in the sources says how to report a vulnerability.\n' >>"$scratch/sections"
version="$("$program" --version | head -n 1 | cut -d' ' -f2)"
help2man --no-info --section=1 --name="$what" --version-string="$version" \
  --include="$scratch/sections" "$program"
