# shellcheck shell=sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# `tools/dev soak`: long runs, in the default build. Sourced by tools/dev.

soak_usage ()
{
  cat << END
Usage: tools/dev soak [--quick] [--minutes N] [--only PART]

Thousands of interpreters one after the other, many at once, millions of items; each beside a program that makes
the same interpreters without Subiter. A few minutes.

  --quick        as short as in the tests
  --minutes N    random lives of sources for so long as well, each run with a seed of its own
  --only PART    cycles, at-once, items or lives (with --minutes)
END
}

run_soak ()
{
  case ${1-} in -h | --help) soak_usage; exit 0 ;; esac
  programs=$builds/default/tests
  attend ninja -C "$builds/default" --quiet tests/soak/soak-bare tests/soak/soak-cycles tests/soak/soak-at-once \
    tests/soak/soak-items tests/stress/stress-python >&2 || die "the programs could not be built"
  exec python3 "$src/tests/soak/run-soak.py" --bare "$programs/soak/soak-bare" \
    --cycles "$programs/soak/soak-cycles" --at-once "$programs/soak/soak-at-once" \
    --items "$programs/soak/soak-items" --lives "$programs/stress/stress-python" "$@"
}
