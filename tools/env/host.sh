# shellcheck shell=sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What the host itself has, or could install. Sourced by tools/dev.

glib_needed=2.80 python_needed=3.13 meson_needed=1.4

# version_at_least HAVE NEED
version_at_least () { printf '%s\n' "$2" "$1" | sort -V -C; }

host_is_enough ()
{
  command -v pkg-config > /dev/null && command -v ninja > /dev/null && command -v meson > /dev/null &&
    pkg-config --exists "glib-2.0 >= $glib_needed" "python3-embed >= $python_needed" \
               gobject-introspection-1.0 json-glib-1.0 &&
    version_at_least "$(meson --version)" "$meson_needed"
}

# Builds against different libraries don't share a folder: an upgrade of the host starts anew.
host_key ()
{
  glib=$(pkg-config --modversion glib-2.0) python=$(pkg-config --modversion python3-embed)
  echo "host-glib$glib-python$python-meson$(meson --version)"
}

host_is_debian () { command -v apt-get > /dev/null && command -v dpkg-query > /dev/null; }

# The version that apt would install of the package $1; nothing if there is none.
candidate () { LC_ALL=C apt-cache policy "$1" 2> /dev/null | sed -n 's/^ *Candidate: \([0-9].*\)/\1/p'; }

host_could_be_enough ()
{
  host_is_debian || return 1
  glib=$(candidate libglib2.0-dev) python=$(candidate python3-dev) meson=$(candidate meson)
  [ -n "$glib" ] && dpkg --compare-versions "$glib" ge "$glib_needed" &&
    [ -n "$python" ] && dpkg --compare-versions "$python" ge "$python_needed" &&
    [ -n "$meson" ] && dpkg --compare-versions "$meson" ge "$meson_needed"
}

# Those of packages.txt that are not installed; optional ones only where apt knows them.
host_packages_missing ()
{
  for package in $(packages_needed ' ') $(packages_optional ' '); do
    # shellcheck disable=SC2016
    case $(dpkg-query --show --showformat '${db:Status-Status}' "$package" 2> /dev/null) in
      installed) ;;
      *) [ -z "$(candidate "$package")" ] || printf '%s ' "$package" ;;
    esac
  done
}

# install_packages PACKAGE…: as root, or with --yes by sudo. Otherwise says what to type, and ends.
install_packages ()
{
  command="apt-get install --yes --no-install-recommends $*" sudo=
  [ "$(id -u)" = 0 ] || sudo=sudo
  say "missing on this machine: $*"
  if [ -n "$sudo" ] && [ -z "$yes" ]; then
    say "install them with:  sudo $command"
    die "or start again with --yes, and tools/dev does it"
  fi
  say "running: ${sudo:+$sudo }$command"
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086
  $sudo $command < /dev/null >&2 && return 0
  say "that failed, perhaps for an old package index: trying again after apt-get update"
  # shellcheck disable=SC2086
  { $sudo apt-get update && $sudo $command; } < /dev/null >&2 || die "could not install: $*"
}
