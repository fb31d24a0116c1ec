#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# run-gtester.sh PROGRAM…: each test program under gtester, which speaks a protocol of its own with it.
# One TAP case a program.

set -u

if ! command -v gtester > /dev/null; then
  echo "1..0 # SKIP gtester is not installed"
  exit 0
fi

# It warns of its own age, which is no failure of ours.
unset G_DEBUG

log=$(mktemp)
trap 'rm -f "$log"' EXIT
count=0
status=0
echo "1..$#"
for program in "$@"; do
  count=$((count + 1))
  name=${program##*/}
  if ! gtester --quiet --keep-going -o="$log" "$program" > /dev/null 2>&1; then
    echo "not ok $count $name: gtester says that it failed"
    status=1
    continue
  fi
  expected=$(grep -c '<testcase ' "$log")
  passed=$(grep -c 'result="success"' "$log")
  if [ "$expected" = 0 ] || [ "$passed" != "$expected" ]; then
    echo "not ok $count $name: $passed of $expected cases passed"
    status=1
    continue
  fi
  echo "ok $count $name: $passed cases"
done
exit $status
