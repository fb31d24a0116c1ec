# shellcheck shell=sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A private Debian root in the user's cache folder, made once by mmdebstrap. Sourced by tools/dev.

cache=${XDG_CACHE_HOME:-$HOME/.cache}/subiter

# The packages that every suite has, then those that one may lack; separated by $1.
packages_needed () { sed -n 's/^[a-z]/&/p' "$tools/env/packages.txt" | paste -s -d "$1" -; }
packages_optional () { sed -n 's/^?//p' "$tools/env/packages.txt" | paste -s -d "$1" -; }

# One name for everything that the content of a root depends on. Raise the number with the recipe.
environment_key ()
{
  hash=$({ echo "1 $suite"; packages_needed ' '; packages_optional ' '; } | sha256sum | cut -c1-10)
  echo "$suite-$hash"
}

ensure_mmdebstrap ()
{
  missing=
  command -v mmdebstrap > /dev/null || missing=mmdebstrap
  if [ "$(id -u)" != 0 ] && ! command -v newuidmap > /dev/null; then missing="$missing uidmap"; fi
  [ -n "$missing" ] || return 0
  # shellcheck disable=SC2086
  install_packages $missing
}

# The host's own Debian mirror, if it has one; nothing leaves the choice to mmdebstrap.
host_mirror ()
{
  # shellcheck disable=SC2016
  apt-get indextargets --format '$(ORIGIN)/$(LABEL) $(REPO_URI)' 'Created-By: Packages' 2> /dev/null |
    sed -n 's,^Debian/Debian ,,p' | head -n 1
}

# run_mmdebstrap TARGET [OPTION…]: the recipe. Says the larger steps; the whole story is in $log.
run_mmdebstrap ()
{
  target=$1
  shift
  mode=unshare mirror=$(host_mirror)
  [ "$(id -u)" != 0 ] || mode=root
  # mmdebstrap of Debian 12 needs to be told of the merged /usr, later ones do it by themselves.
  hooks=/usr/share/mmdebstrap/hooks/merged-usr
  [ ! -d "$hooks" ] || set -- --hook-dir="$hooks" "$@"
  for package in $(packages_optional ' '); do
    set -- --customize-hook="APT_CONFIG=\$MMDEBSTRAP_APT_CONFIG; export APT_CONFIG
      if apt-cache show $package > /dev/null 2>&1; then
        apt-get install --yes -oDPkg::Chroot-Directory=\"\$1\" $package
      else
        echo \"I: installing without $package, which $suite does not have\"
      fi" "$@"
  done
  pipe=$cache/log.part status=0
  rm -f "$pipe"
  mkfifo "$pipe"
  tee "$log" < "$pipe" |
    sed -u -n 's/^I: \(running apt-get update\|downloading\|extracting\|installing\|cleaning\)/   \1/p' >&2 &
  attend mmdebstrap --mode=$mode --variant=apt --format="$format" \
         --dpkgopt='path-exclude=/usr/share/man/*' \
         --dpkgopt='path-exclude=/usr/share/doc/*' \
         --dpkgopt='path-exclude=/usr/share/locale/*' \
         --include="$(packages_needed ,)" "$@" "$suite" "$target" ${mirror:+"$mirror"} > "$pipe" 2>&1 ||
    status=$?
  # for the pipe to be empty
  wait
  rm "$pipe"
  return "$status"
}

# make_root ROOT: under a temporary name first, so that what has the final name is complete.
make_root ()
{
  ensure_mmdebstrap
  mkdir -p "$cache"
  exec 9> "$cache/lock"
  if ! flock --nonblock 9; then
    say "waiting for another tools/dev that is making a root"
    flock 9
  fi
  [ ! -d "$1" ] || { exec 9>&-; return 0; }

  # Nobody else is at work here, so these are of runs that were killed.
  rm -rf --one-file-system "$cache"/*.part
  log=$cache/mmdebstrap.log started=$(date +%s) part=$1.part
  trap 'rm -rf --one-file-system "$cache"/*.part' EXIT

  say "making a Debian $suite root for the build, once: about a minute, 1.3 GB in $cache"
  if ! try_make_root "$part"; then
    # A mirror that lags behind serves index files past their date. Only if nothing else is wrong:
    if grep -q '^E: Release file .* is expired' "$log" &&
       ! grep '^E: ' "$log" | grep -q -v -e 'is expired' -e 'apt-get update' -e 'mmdebstrap failed'; then
      say "the mirror's index of $suite is past its date: trying again without Acquire::Check-Valid-Until"
      rm -rf --one-file-system "$part"
      try_make_root "$part" --aptopt='Acquire::Check-Valid-Until "false"' || root_failed
    else
      root_failed
    fi
  fi
  mv "$part" "$1"
  trap - EXIT
  say "made it in $(($(date +%s) - started)) s"

  # Roots that no tools/dev has entered for a month belong to package lists of the past.
  for old in "$cache"/*/; do
    if [ -z "$(find "$old.used" -mtime -30 2> /dev/null)" ] && [ "$old" != "$1/" ]; then
      rm -rf --one-file-system "$old"
    fi
  done
  exec 9>&-
}

root_failed ()
{
  tail -n 25 "$log" >&2
  die "mmdebstrap failed; all of its output is in $log"
}

# As root straight into a folder. Otherwise by a tar file, so that the files become the user's own and can
# be entered, and removed, without subordinate user ids.
try_make_root ()
{
  part=$1
  shift
  if [ "$(id -u)" = 0 ]; then
    format=directory run_mmdebstrap "$part" "$@"
  else
    mkdir "$part"
    format=tar run_mmdebstrap "$part/root.tar" "$@" &&
      tar -C "$part" --exclude='./dev/*' -xf "$part/root.tar" &&
      rm "$part/root.tar"
  fi
}

# enter_root ROOT CMD…: replaces this process.
enter_root ()
{
  root=$1
  shift
  touch "$root/.used"
  if [ "$(id -u)" = 0 ]; then
    exec unshare --mount --propagation private sh "$tools/env/enter.sh" "$root" "$src" "$@"
  else
    exec unshare --user --map-root-user --mount --propagation private \
         sh "$tools/env/enter.sh" "$root" "$src" "$@"
  fi
}
