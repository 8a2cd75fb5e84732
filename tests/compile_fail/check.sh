#!/usr/bin/env bash
# check.sh COMPILER INCLUDE_DIR FILE: FILE must compile with -DALLOWED (so that what follows fails for
# the right reason) and must not compile without.
set -u
flags=(-std=c++20 -fsyntax-only -I "$2")
if ! "$1" "${flags[@]}" -DALLOWED "$3"; then
  echo "does not compile even in its allowed form: $3"
  exit 1
fi
if "$1" "${flags[@]}" "$3" 2>/dev/null; then
  echo "compiles, and must not: $3"
  exit 1
fi
