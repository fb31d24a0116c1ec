# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the figures were measured on. No names of hosts and no paths: the result may be shown to anybody."""

import importlib.util
import os
import platform
import re
import shutil
import subprocess


def _get_output(*command):
    if shutil.which(command[0]) is None:
        return None
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


def _find_version(text):
    match = re.search(r'\d+(\.\d+)+', text or '')
    return match[0] if match else None


def _get_processor():
    try:
        with open('/proc/cpuinfo', encoding='utf-8') as file:
            for line in file:
                if line.startswith('model name'):
                    return line.partition(':')[2].strip()
    except OSError:
        pass
    return platform.machine()


def _get_pygobject():
    if importlib.util.find_spec('gi') is None:
        return None
    import gi
    return gi.__version__


def _get_glib():
    if importlib.util.find_spec('gi') is None:
        return _find_version(_get_output('pkg-config', '--modversion', 'glib-2.0'))
    from gi.repository import GLib
    return f'{GLib.MAJOR_VERSION}.{GLib.MINOR_VERSION}.{GLib.MICRO_VERSION}'


def describe():
    return {
        'cores': len(os.sched_getaffinity(0)),
        'processor': _get_processor(),
        'system': f'{platform.system()} {_find_version(platform.release())}',
        'Python': platform.python_version(),
        'GLib': _get_glib(),
        'PyGObject': _get_pygobject(),
        'GJS': _find_version(_get_output('gjs', '--version')),
        # How busy it was with other things: what it says of the last minute.
        'load before': round(os.getloadavg()[0], 2),
    }
