# SPDX-License-Identifier: LGPL-2.1-or-later
"""Walks a folder and tells what its files are."""

import binascii
import errno
import hashlib
import mimetypes
import os
import stat

try:
    import subiter
except ModuleNotFoundError:
    # Run by a plain Python: there is nobody to tell, and nobody to stop it.
    subiter = None

CHUNK_SIZE = 1024 * 1024

# What is inside matters less than that it is packed.
PACKED_TYPES = {
    'br': 'application/x-brotli',
    'bzip2': 'application/x-bzip2',
    'compress': 'application/x-compress',
    'gzip': 'application/gzip',
    'xz': 'application/x-xz',
}

# A file that may be replaced by something else at any time: never follow a link, never wait for a pipe.
OPEN_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY


def walk(folder, *, shard=0, shards=1):
    """Yields (path, size, lines, MIME type, SHA-256) for each regular file in and below a folder.

    The size is that of what was read, the lines are the newlines in it, the MIME type is guessed from the
    name and, where that says nothing, from the first bytes. A path that is not UTF-8 has the bytes that are
    not escaped, as in 'caf\\xe9'.

    Folders come in the order of their names, each with all that is below it. Links are not followed, except
    for the folder itself; pipes, sockets and devices are passed over. What cannot be read is logged and
    passed over, and what vanishes meanwhile just is not there; only the folder itself has to be readable.

    Of several shards, each yields the files whose path, as seen from the folder, hashes to its number: every
    file is in exactly one of them, whatever comes and goes while they work.
    """
    if not 0 <= shard < shards:
        raise ValueError(f'of {shards} shards none is number {shard}: it has to be from 0 to {shards - 1}')

    root = os.fsdecode(folder)
    buffer = bytearray(CHUNK_SIZE)
    for path, fraction in _find_files(root):
        if _is_stopping():
            return
        if shards > 1 and _hash(path.removeprefix(root).lstrip('/')) % shards != shard:
            continue
        _tell_progress(fraction, path)
        facts = _examine(path, buffer)
        if facts is not None:
            yield _to_text(path), *facts


def _find_files(root):
    """Yields (path, fraction): how much of the way was gone before it, if all folders were alike."""
    levels = [_list_folder(root, 0.0, 1.0)]
    while levels:
        entry, start, width = next(levels[-1], (None, 0.0, 0.0))
        if entry is None:
            levels.pop()
            continue
        try:
            if entry.is_file(follow_symlinks=False):
                yield entry.path, start
            elif entry.is_dir(follow_symlinks=False):
                levels.append(_list_folder(entry.path, start, width))
        except OSError as error:
            _tell_skipped(entry.path, error)


def _list_folder(path, start, width):
    """What is in a folder, each with where its part of the way starts, and how wide that is."""
    with os.scandir(path) as entries:
        entries = sorted(entries, key=lambda entry: entry.name)
    width /= len(entries) or 1
    return ((entry, start + width * number, width) for number, entry in enumerate(entries))


def _examine(path, buffer):
    """The size, lines, MIME type and SHA-256 of a file, or None."""
    try:
        with open(os.open(path, OPEN_FLAGS), 'rb', buffering=0) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return None
            return _read(path, file, buffer)
    except OSError as error:
        _tell_skipped(path, error)
        return None


def _read(path, file, buffer):
    view = memoryview(buffer)
    digest = hashlib.sha256(usedforsecurity=False)
    size = lines = 0
    mime_type = None
    while count := file.readinto(buffer):
        if mime_type is None:
            mime_type = _guess_type(path, buffer[:min(count, 4096)])
        digest.update(view[:count])
        size += count
        lines += buffer.count(b'\n', 0, count)
        if _is_stopping():
            return None
    if count is None:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    return size, lines, mime_type or _guess_type(path, b''), digest.hexdigest()


def _guess_type(path, beginning):
    mime_type, packing = mimetypes.guess_file_type(path)
    if packing is not None:
        return PACKED_TYPES.get(packing, 'application/octet-stream')
    if mime_type is not None:
        return mime_type
    if not beginning:
        return 'application/x-empty'
    return 'application/octet-stream' if b'\0' in beginning else 'text/plain'


def _hash(path):
    return binascii.crc32(os.fsencode(path))


def _to_text(path):
    return path if path.isascii() else os.fsencode(path).decode('utf-8', 'backslashreplace')


def _is_stopping():
    return subiter is not None and subiter.stopping()


def _tell_progress(fraction, path):
    if subiter is not None:
        subiter.progress(fraction, _to_text(path))


def _tell_skipped(path, error):
    if subiter is not None and not isinstance(error, FileNotFoundError):
        subiter.log(f'{_to_text(path)} is left out: {error.strerror}')
