#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# enter.sh ROOT SOURCE CMD…: runs CMD in the private root, in the caller's folder. Started by root.sh in a
# mount namespace of its own, so all that is mounted here is gone when CMD ends. Every step replaces
# this process by the next: signals, exit status, terminal and standard streams are CMD's own.

set -eu

root=$1 src=$2
shift 2
here=$(pwd -P)

bind ()
{
  mkdir -p "$root$1"
  mount --rbind "$1" "$root$1"
}

# The system's folders are the root's own; everything else is the caller's, under the same names.
for dir in /*; do
  case $dir in
    /bin | /boot | /etc | /lib* | /lost+found | /run | /sbin | /usr | /var) ;;
    *) if [ -d "$dir" ] && [ ! -L "$dir" ]; then bind "$dir"; fi ;;
  esac
done
for dir in "$src" "$here" "${HOME-}" "${TMPDIR-}" "${XDG_RUNTIME_DIR-}"; do
  if [ -d "$dir" ] && [ -z "$(ls -A "$root$dir" 2> /dev/null)" ]; then bind "$dir"; fi
done

# POSIX shared memory and semaphores, also where the host has no /dev/shm.
mkdir -p "$root/dev/shm"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"

# Paths to the host's software and locales mean nothing in there.
unset CPATH C_INCLUDE_PATH LIBRARY_PATH LD_LIBRARY_PATH LD_PRELOAD PKG_CONFIG_PATH \
      PYTHONHOME PYTHONPATH VIRTUAL_ENV GI_TYPELIB_PATH GIO_EXTRA_MODULES \
      XDG_DATA_DIRS XDG_CONFIG_DIRS LC_ALL LC_CTYPE LC_MESSAGES LANGUAGE
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8

# shellcheck disable=SC2016
exec chroot "$root" /bin/sh -c 'cd -- "$1" && shift && exec "$@"' sh "$here" "$@"
