# shellcheck shell=sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The same packages as an image for podman or docker, on hosts without Debian packages. Sourced by tools/dev.

container_engine ()
{
  command -v podman || command -v docker || return 1
}

containerfile ()
{
  cat << END
FROM debian:$suite-slim
RUN export DEBIAN_FRONTEND=noninteractive && apt-get update && \\
    apt-get install --yes --no-install-recommends $(packages_needed ' ') && \\
    for package in $(packages_optional ' '); do \\
      ! apt-cache show \$package > /dev/null 2>&1 || \\
        apt-get install --yes --no-install-recommends \$package || exit 1; \\
    done && \\
    rm -rf /var/lib/apt/lists/*
ENV LANG=C.UTF-8
END
}

# ensure_image ENGINE IMAGE: the engine's own store makes it whole or not at all.
ensure_image ()
{
  ! "$1" image inspect "$2" > /dev/null 2>&1 || return 0
  say "building the image $2 with ${1##*/}, once: a few minutes"
  containerfile | "$1" build --tag "$2" - >&2 || die "${1##*/} could not build $2"
}

# enter_container ENGINE IMAGE CMD…: replaces this process.
enter_container ()
{
  engine=$1 image=$2 here=$(pwd -P)
  shift 2
  set -- "$image" "$@"
  # podman's root is the caller already; docker's would leave files of the real root's behind.
  case $engine in */docker) set -- --user "$(id -u):$(id -g)" "$@" ;; esac
  if [ -t 0 ] && [ -t 1 ]; then set -- --tty "$@"; fi
  mounted=:
  for dir in "$src" "$here" "$HOME" "${XDG_RUNTIME_DIR-}" /tmp; do
    case $dir in
      # the image's own
      '' | / | /bin* | /dev* | /etc* | /lib* | /proc* | /run | /sbin* | /sys* | /usr | /var) continue ;;
      /usr/*) [ "$dir" = "$src" ] || continue ;;
    esac
    case $mounted in *:"$dir":*) continue ;; esac
    mounted=$mounted$dir:
    if [ -d "$dir" ]; then set -- --volume "$dir:$dir" "$@"; fi
  done
  for name in $(env | sed -n 's/=.*//p'); do
    case $name in
      SUBITER_* | G_* | GJS_* | MESON_* | CI | DISPLAY | HOME | TERM | XDG_RUNTIME_DIR) ;;
      *) continue ;;
    esac
    set -- --env "$name" "$@"
  done
  exec "$engine" run --rm --init --interactive --security-opt label=disable --workdir "$here" "$@"
}
