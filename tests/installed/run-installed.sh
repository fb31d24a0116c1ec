#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# run-installed.sh PREFIX: TAP about a tree that `meson install` has made. Nothing of the build is used: only
# the variables with which the loader, pkg-config, GObject introspection, Python, GJS and the XDG folders are
# told of a prefix that is not the system's.

set -eu

prefix=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

unset SUBITER_RUNTIME_PATH SUBITER_PLUGIN_PATH SUBITER_PYTHON GJS_PATH PYTHONPATH GI_TYPELIB_PATH
unset G_DEBUG VALA_FLAGS

# Where the parts are is for the tree to say.
find_one () { find "$prefix" -path "$1" -print -quit; }
pc=$(find_one '*/pkgconfig/subiter-1.pc')
export PKG_CONFIG_PATH="${pc%/*}"
libdir=$(pkg-config --variable=libdir subiter-1)
typelib=$(find_one '*/girepository-1.0/Subiter-1.typelib')
override=$(find_one '*/gi/overrides/Subiter.py')

export LD_LIBRARY_PATH="$libdir"
export PATH="$prefix/bin:$PATH"
export XDG_DATA_DIRS="$prefix/share:${XDG_DATA_DIRS:-/usr/local/share:/usr/share}"
export PYTHONDONTWRITEBYTECODE=1
if [ -n "$typelib" ]; then export GI_TYPELIB_PATH="${typelib%/*}"; fi
if [ -n "$override" ]; then export PYTHONPATH="${override%/gi/overrides/Subiter.py}"; fi

number=0
failures=0

pass () { number=$((number + 1)); echo "ok $number - $1"; }
skip () { number=$((number + 1)); echo "ok $number - $1 # SKIP $2"; }

fail ()
{
  number=$((number + 1))
  failures=$((failures + 1))
  echo "not ok $number - $1"
  shift
  printf '%s\n' "$@" | sed 's/^/# /'
}

# wants NAME WANTED-OUTPUT COMMAND…: ends with status 0 and prints exactly that, and nothing on stderr.
wants ()
{
  name=$1 wanted=$2 status=0
  shift 2
  timeout 120 "$@" > "$work/stdout" 2> "$work/stderr" < /dev/null || status=$?
  if [ "$status" = 0 ] && [ "$(cat "$work/stdout")" = "$wanted" ] && [ ! -s "$work/stderr" ]; then
    pass "$name"
  else
    fail "$name" "exit status $status; stdout:" "$(cat "$work/stdout")" "stderr:" "$(cat "$work/stderr")"
  fi
}

numbers=$(printf '0\n1\n2\n3\n4')

# ---- what is there

for path in include/subiter-1/subiter.h include/subiter-1/subiter-version.h include/subiter-1/subiter-enums.h \
  share/gir-1.0/Subiter-1.gir share/subiter-1/plugins/tree/tree.plugin bin/subiter; do
  if [ -e "$prefix/$path" ]; then pass "there is $path"; else fail "there is $path"; fi
done
if ls "$libdir"/subiter-1/runtimes/libsubiter-runtime-subinterpreter.so \
  "$libdir"/subiter-1/runtimes/subinterpreter/engine-*.so > /dev/null 2>&1; then
  pass 'there is the runtime'
else
  fail 'there is the runtime'
fi
if readelf -d "$libdir"/subiter-1/runtimes/subinterpreter/engine-*.so | grep -q 'NEEDED.*libpython'; then
  fail 'the runtime names no library of Python'
else
  pass 'the runtime names no library of Python'
fi
# Of private symbols none, and of public ones each in a header.
if nm --dynamic --defined-only "$libdir/libsubiter-1.so" | awk '$2 == "T" { print $3 }' |
  grep -v '@' | while read -r symbol; do
    grep -rqw "$symbol" "$prefix/include/subiter-1" || echo "$symbol"
  done > "$work/symbols" && [ ! -s "$work/symbols" ]; then
  pass 'every exported symbol is in a header'
else
  fail 'every exported symbol is in a header' "$(cat "$work/symbols")"
fi

# ---- C, by pkg-config alone

for compiler in cc c++; do
  case $compiler in c++) language=c++ ;; *) language=c ;; esac
  if ! command -v $compiler > /dev/null; then
    skip "the headers in $language" "there is no $compiler"
  elif echo '#include <subiter.h>' > "$work/headers.$language" &&
    $compiler -x $language -Wall -Wextra -Werror -fsyntax-only "$work/headers.$language" \
      $(pkg-config --cflags subiter-1) 2> "$work/stderr"; then
    pass "the headers in $language"
  else
    fail "the headers in $language" "$(cat "$work/stderr")"
  fi
done
if cc -Wall -Wextra -Werror -o "$work/program" "$here/program.c" $(pkg-config --cflags --libs subiter-1) \
  2> "$work/stderr"; then
  pass 'a program in C is built'
  wants 'a program in C runs' "$numbers" "$work/program"
else
  fail 'a program in C is built' "$(cat "$work/stderr")"
fi
if [ "$(pkg-config --modversion subiter-1)" = "$(subiter --version | grep -o '[0-9][0-9.]*')" ]; then
  pass 'pkg-config and the command agree on the version'
else
  fail 'pkg-config and the command agree on the version' "$(pkg-config --modversion subiter-1)" "$(subiter --version)"
fi

# ---- the bindings

if [ -z "$typelib" ] || ! python3 -c 'import gi' 2> /dev/null; then
  skip 'Python' 'there is no typelib or no PyGObject'
else
  wants 'Python, with the override' "$numbers" python3 -W error -c "
import gi
gi.require_version('Subiter', '1')
from gi.repository import Subiter
for number in Subiter.iterate(range, args=(5,)):
    print(number)
"
  # PyGObject's own main loop uses what Python says is to go.
  wants 'Python, plain signals' "$numbers" python3 -W error -W ignore::DeprecationWarning -c "
import gi
gi.require_version('Subiter', '1')
from gi.repository import GLib, Subiter
loop = GLib.MainLoop()
source = Subiter.Source.new_for_entry_point('builtins:range', GLib.Variant('(i)', (5,)))
source.connect('item', lambda source, item: print(item.get_int64()))
source.connect('finished', lambda source: loop.quit())
source.start()
loop.run()
"
fi
if [ -z "$typelib" ] || ! command -v gjs > /dev/null; then
  skip 'GJS' 'there is no typelib or no GJS'
else
  cat > "$work/program.js" << 'EOF'
import GLib from 'gi://GLib';
import Subiter from 'gi://Subiter?version=1';

// Without the override a source cannot be iterated.
for await (const number of Subiter.Source.new_for_entry_point('builtins:range', new GLib.Variant('(i)', [5])))
    print(number);
EOF
  wants 'GJS, with the override' "$numbers" gjs -m "$work/program.js"
fi
if ! command -v valac > /dev/null || [ ! -e "$prefix/share/vala/vapi/subiter-1.vapi" ]; then
  skip 'Vala' 'there is no valac or no vapi'
else
  cat > "$work/program.vala" << 'EOF'
int main () {
    try {
        var loop = new MainLoop ();
        var source = new Subiter.Source.for_entry_point ("builtins:range", new Variant ("(i)", 5));

        source.item.connect ((item) => print ("%s\n", item.print (false)));
        source.finished.connect (() => loop.quit ());
        source.start ();
        loop.run ();
    } catch (Error error) {
        printerr ("%s\n", error.message);
        return 1;
    }
    return 0;
}
EOF
  if valac --fatal-warnings -X -w --vapidir "$prefix/share/vala/vapi" --pkg subiter-1 -o "$work/vala-program" \
    "$work/program.vala" > "$work/stderr" 2>&1; then
    wants 'Vala' "$numbers" "$work/vala-program"
  else
    fail 'Vala' "$(cat "$work/stderr")"
  fi
fi

# ---- the command and what it finds

# It knows its library by itself.
wants 'the command' "$numbers" env -u LD_LIBRARY_PATH subiter run builtins:range --arg=5
cp -R "$libdir/subiter-1/runtimes" "$work/runtimes"
wants 'a runtime in two places: the first one is taken' "$numbers" env SUBITER_RUNTIME_PATH="$work/runtimes" \
  subiter run builtins:range --arg=5
status=0
subiter run json:nosuch > "$work/stdout" 2> "$work/stderr" || status=$?
if [ "$status" != 0 ] && grep -q nosuch "$work/stderr"; then
  pass 'the command names what was not found'
else
  fail 'the command names what was not found' "exit status $status" "$(cat "$work/stderr")"
fi
mkdir "$work/folder"
printf 'one\ntwo\n' > "$work/folder/file.txt"
wants 'the command finds the plugins' "('file.txt', 8, 2, 'text/plain')" sh -c \
  "subiter run subiter_tree:walk --arg='\"$work/folder\"' --format=gvariant |
   sed \"s|'[^']*/file.txt'|'file.txt'|; s/int64 //g; s/uint64 //g; s/, '[0-9a-f]\\{64\\}')/)/\""
if [ -e "$prefix/share/man/man1/subiter.1" ] || [ -e "$prefix/share/man/man1/subiter.1.gz" ]; then
  pass 'there is a man page'
else
  fail 'there is a man page'
fi

# ---- on its own

# Sources and build may be gone by the time it is used.
source=$(cd "$here/../.." && pwd)
find "$prefix" \( -name '*.pc' -o -name '*.gir' -o -name '*.vapi' -o -name '*.h' -o -name '*.plugin' \) -print |
  while read -r file; do
    if sed "s|$prefix||g" "$file" | grep -qF "$source"; then echo "$file"; fi
  done > "$work/found"
find "$prefix" -type f \( -name '*.so*' -o -path '*/bin/subiter' \) -print |
  while read -r file; do
    readelf -d "$file" | sed -n 's/.*R.*PATH.*\[\(.*\)\]/\1/p' | tr ':' '\n' | grep -v "^$libdir\$" || :
  done >> "$work/found"
if [ -s "$work/found" ]; then
  fail 'nothing names the folders that it was built in' "$(cat "$work/found")"
else
  pass 'nothing names the folders that it was built in'
fi

echo "1..$number"
[ "$failures" = 0 ]
