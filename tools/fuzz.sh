# shellcheck shell=sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# `tools/dev fuzz`, and the step of `tools/dev test` that is a short one. Sourced by
# tools/test.sh. What a target is, and what to do with a crash, is in tests/fuzz/README.md.

fuzz_folder=$src/tests/fuzz

fuzz_usage ()
{
  cat << END
Usage: tools/dev fuzz [--seconds N | --minutes N] [TARGET…]
       tools/dev fuzz TARGET FILE…

Runs each target for a while (a minute). Inputs that bring something new are kept in _build/ for the next
time, and so are those that crash. With files, the target is run on these.

Targets: $(fuzz_targets | tr '\n' ' ')
END
}

fuzz_targets ()
{
  for file in "$fuzz_folder"/fuzz-*.c; do
    # The other files are what the targets share.
    if grep -q '^LLVMFuzzerTestOneInput' "$file"; then
      file=${file##*/fuzz-}
      echo "${file%.c}"
    fi
  done
}

build_fuzz ()
{
  build fuzz --native-file "$fuzz_folder/clang.ini" -Dfuzzing=true -Dintrospection=disabled -Dvapi=disabled \
    -Ddocs=disabled -Dexamples=false
}

# fuzz_target TARGET ARGUMENT…: runs it.
fuzz_target ()
{
  target=$1
  shift
  # What stands in a suppression is the name of a function, which the sanitizer has to be told by somebody.
  symbolizer=$(command -v llvm-symbolizer || command -v addr2line || :)
  # Only a slow look at the stack finds the allocator's name below Python's functions.
  unwind=1
  case $target in round-trip | python-*) unwind=0 ;; esac
  options=detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1:fast_unwind_on_malloc=$unwind
  ASAN_OPTIONS=$options:allocator_may_return_null=1:external_symbolizer_path=$symbolizer \
  LSAN_OPTIONS=print_suppressions=0$(suppressions lsan-python.supp) \
  UBSAN_OPTIONS=print_stacktrace=1:external_symbolizer_path=$symbolizer \
  SUBITER_RUNTIME_PATH=$builds/fuzz/plugins/runtimes \
  PYTHONDONTWRITEBYTECODE=1 \
    attend "$builds/fuzz/tests/fuzz/fuzz-$target" -timeout=20 -rss_limit_mb=4096 "$@"
}

# The folders of TARGET that are part of the source.
fuzz_seeds ()
{
  for folder in "$fuzz_folder/corpus/$1" "$fuzz_folder/regressions/$1"; do
    if [ -d "$folder" ]; then echo "$folder"; fi
  done
}

run_fuzz ()
{
  seconds=60 targets=
  while [ $# != 0 ]; do
    case $1 in
      -h | --help) fuzz_usage; exit 0 ;;
      --seconds=*) seconds=${1#*=} ;;
      --minutes=*) seconds=$((${1#*=} * 60)) ;;
      --seconds | --minutes)
        [ $# != 1 ] || die "$1 needs a number"
        if [ "$1" = --seconds ]; then seconds=$2; else seconds=$(($2 * 60)); fi
        shift ;;
      -*) fuzz_usage >&2; exit 2 ;;
      */*) break ;;
      *)
        fuzz_targets | grep -q -x -e "$1" || die "no such target: $1 (there are: $(fuzz_targets | tr '\n' ' '))"
        targets="$targets $1" ;;
    esac
    shift
  done
  case $seconds in '' | *[!0-9]*) die "$seconds is not a number" ;; esac

  command -v clang > /dev/null || die "fuzzing needs clang"
  build_fuzz || die "could not build"
  if [ $# != 0 ]; then
    [ -n "$targets" ] || die "it has to be said which target is to run the files"
    fuzz_target "${targets# }" "$@"
    return
  fi

  crashed=
  for target in ${targets:-$(fuzz_targets)}; do
    kept=$builds/fuzz-found/$target
    mkdir -p "$kept/corpus"
    echo "=== $target: $seconds s, reported to ${kept#"$src/"}/log"
    # shellcheck disable=SC2046
    if fuzz_target "$target" -max_total_time="$seconds" -artifact_prefix="$kept/" "$kept/corpus" \
      $(fuzz_seeds "$target") > "$kept/log" 2>&1; then
      grep -a -E '^#[0-9]+[[:space:]]+DONE' "$kept/log" || :
      continue
    fi
    crashed="$crashed $target"
    grep -a -E -A 12 '^(==.*ERROR|Bail out|.*runtime error)' "$kept/log" || tail -n 20 "$kept/log"
    file=$(grep -a -o 'Test unit written to .*' "$kept/log" | tail -n 1)
    file=${file#Test unit written to }
    echo "This again: tools/dev fuzz $target ${file#"$src/"}"
  done
  [ -z "$crashed" ] || die "crashed:$crashed"
}

# The step of the tests: what is in the folders, and then as many inputs as take a moment, the same every
# time. Prints TAP.
fuzz_briefly ()
{
  number=0 failed=
  echo "1..$(fuzz_targets | wc -l)"
  for target in $(fuzz_targets); do
    number=$((number + 1))
    scratch=$results/fuzz/$target
    mkdir -p "$scratch/corpus"
    runs=20000
    case $target in round-trip | python-* | plugin-path) runs=2000 ;; esac
    # shellcheck disable=SC2046
    if fuzz_target "$target" -seed=1 -runs=$runs -max_total_time=3 -artifact_prefix="$scratch/" "$scratch/corpus" \
      $(fuzz_seeds "$target") > "$scratch/log" 2>&1; then
      echo "ok $number - $target: $(grep -a -o '^Done [0-9]* runs' "$scratch/log")"
    else
      echo "not ok $number - $target"
      tail -n 60 "$scratch/log" | sed 's/^/# /'
      failed=yes
    fi
  done
  [ -z "$failed" ]
}

step_fuzz ()
{
  status=0
  if ! command -v clang > /dev/null; then
    record fuzz skipped 0 "no clang in this environment; the step default replays the corpora without it"
    return 0
  fi
  if ! build_fuzz; then
    record fuzz broken 1 "could not be built"
    return 0
  fi
  fuzz_briefly > "$results/fuzz.tap" || status=$?
  cat "$results/fuzz.tap"
  record fuzz tap "$status" "$results/fuzz.tap"
}
