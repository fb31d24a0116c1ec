# shellcheck shell=sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# `tools/dev test`: several builds, every test of each, one count. Sourced by tools/dev.

all_steps='default asan asan-python tsan valgrind fuzz installed python3.15'
# The sanitizers look at the core and its C tests: Python and the bindings have noise of their own.
no_bindings='-Dintrospection=disabled -Dvapi=disabled -Ddocs=disabled -Dcommand=disabled -Dexamples=false'
core_only="-Druntimes=disabled $no_bindings"
asan_options=detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1

test_usage ()
{
  cat << END
Usage: tools/dev test [--only STEP]… [TEST…]

Without options, every step; with names of tests as Meson knows them, these in the default build.

  default     every test
  asan        the core's C tests under AddressSanitizer and UndefinedBehaviorSanitizer
  asan-python the runtime that runs Python, from C programs, under the same two; and what can be made to fail
  tsan        the core's C tests under ThreadSanitizer
  valgrind    the tests of the suite valgrind under it
  fuzz        each fuzz target for a few seconds, where there is clang
  installed   the installed tree, in a prefix of its own
  python3.15  the runtime built for Python 3.15, where there is one
END
}

. "$tools/fuzz.sh"

# record STEP KIND STATUS TEXT: one line for tap-summary.py.
record () { printf '%s\t%s\t%s\t%s\n' "$@" >> "$results/steps"; }

# test_build STEP NAME [OPTION…]: build, and a build that fails is a step that fails.
test_build ()
{
  step=$1
  shift
  build "$@" && return 0
  record "$step" broken 1 "could not be built"
  return 1
}

# meson_test STEP NAME [OPTION…]: runs tests of the build NAME, under the command in $wrapper if any.
meson_test ()
{
  step=$1 name=$2 status=0
  shift 2
  # What only tests need is not among what a plain build makes.
  if ! attend ninja -C "$builds/$name" --quiet meson-test-prereq >&2; then
    record "$step" broken 1 "its tests could not be built"
    return 0
  fi
  rm -f "$builds/$name/meson-logs/$step"*.json
  # shellcheck disable=SC2086
  attend ${wrapper-} meson test -C "$builds/$name" --no-rebuild --print-errorlogs --logbase "$step" "$@" ||
    status=$?
  cat "$builds/$name/meson-logs/$step"*.json > "$results/$step.json" 2> /dev/null || :
  record "$step" meson "$status" "$results/$step.json"
}

# suppressions FILE: as a sanitizer's option, if the tests have any.
suppressions ()
{
  if [ -f "$src/tests/sanitizers/$1" ]; then echo ":suppressions=$src/tests/sanitizers/$1"; fi
}

step_default ()
{
  test_build default default --prefix="$builds/prefix" || return 0
  # Many tests wait most of their time.
  meson_test default default --num-processes $(($(nproc) + 1)) --no-suite valgrind-only "$@"
}

step_asan ()
{
  # shellcheck disable=SC2086
  test_build asan asan -Db_sanitize=address,undefined -Db_lundef=false $core_only || return 0
  ASAN_OPTIONS=$asan_options$(suppressions asan.supp) \
  LSAN_OPTIONS=report_objects=1$(suppressions lsan.supp) \
  UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1$(suppressions ubsan.supp) \
    meson_test asan asan --timeout-multiplier 3 --suite core "$@"
}

# CPython itself is as it came: what it allocates is told apart by lsan-python-direct.supp. It may ask for more
# memory than there is.
step_asan_python ()
{
  # shellcheck disable=SC2086
  test_build asan-python asan-python -Db_sanitize=address,undefined -Db_lundef=false -Dfault_injection=true \
    $no_bindings || return 0
  ASAN_OPTIONS=$asan_options:allocator_may_return_null=1$(suppressions asan.supp) \
  LSAN_OPTIONS=report_objects=1:print_suppressions=0$(suppressions lsan-python-direct.supp) \
  UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1$(suppressions ubsan.supp) \
    meson_test asan-python asan-python --timeout-multiplier 3 --suite python --suite fault "$@"
}

step_tsan ()
{
  # shellcheck disable=SC2086
  test_build tsan tsan -Db_sanitize=thread -Db_lundef=false $core_only || return 0
  # Its shadow memory has fixed addresses, which a kernel that randomises generously may have taken.
  if setarch --addr-no-randomize true 2> /dev/null; then wrapper='setarch --addr-no-randomize'; fi
  TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1:report_signal_unsafe=0$(suppressions tsan.supp) \
    meson_test tsan tsan --timeout-multiplier 3 --suite core "$@"
  wrapper=
}

step_valgrind ()
{
  test_build valgrind default --prefix="$builds/prefix" || return 0
  meson_test valgrind default --setup=valgrind --suite valgrind "$@"
}

step_installed ()
{
  script=tests/installed/run-installed.sh status=0
  if [ ! -f "$src/$script" ]; then
    record installed skipped 0 "there is no $script"
    return 0
  fi
  test_build installed default --prefix="$builds/prefix" || return 0
  rm -rf "$builds/prefix"
  if ! meson install -C "$builds/default" --no-rebuild --quiet < /dev/null; then
    record installed broken 1 "could not be installed"
    return 0
  fi
  attend timeout 600 sh "$src/$script" "$builds/prefix" > "$results/installed.tap" || status=$?
  cat "$results/installed.tap"
  record installed tap "$status" "$results/installed.tap"
  rm -rf "$builds/prefix"
}

step_python315 ()
{
  if ! pkg-config --exists python-3.15-embed; then
    record python3.15 skipped 0 "no Python 3.15 development files in this environment"
    return 0
  fi
  test_build python3.15 python3.15 -Dpython=python-3.15 -Dvapi=disabled -Ddocs=disabled || return 0
  # What is the same for all of them is tested with one.
  meson_test python3.15 python3.15 --suite python --no-suite hosts --no-suite command --no-suite docs \
    --no-suite examples "$@"
}

run_tests ()
{
  steps=
  while [ $# != 0 ]; do
    case $1 in
      -h | --help) test_usage; exit 0 ;;
      --only=*) steps="$steps ${1#*=}" ;;
      --only) [ $# != 1 ] || die "--only needs a step"; steps="$steps $2"; shift ;;
      -*) test_usage >&2; exit 2 ;;
      *) break ;;
    esac
    shift
  done
  if [ -z "$steps" ]; then
    if [ $# = 0 ]; then steps=$all_steps; else steps=default; fi
  fi
  for step in $steps; do
    case " $all_steps " in *" $step "*) ;; *) die "no such step: $step (there are: $all_steps)" ;; esac
  done

  results=$builds/results
  rm -rf "$results"
  mkdir -p "$results"
  for step in $steps; do
    echo "=== $step"
    started=$(date +%s)
    case $step in
      default) step_default "$@" ;;
      asan) step_asan "$@" ;;
      asan-python) step_asan_python "$@" ;;
      tsan) step_tsan "$@" ;;
      valgrind) step_valgrind "$@" ;;
      fuzz) step_fuzz ;;
      installed) step_installed ;;
      python3.15) step_python315 "$@" ;;
    esac
    echo "=== $step took $(($(date +%s) - started)) s"
  done
  exec python3 "$tools/tap-summary.py" "$results/steps"
}
