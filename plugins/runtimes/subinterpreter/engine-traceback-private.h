/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "engine-python-private.h"

G_BEGIN_DECLS

PyObject *engine_format_exception (PyObject *exception,
                                   const char *message,
                                   Py_ssize_t max);
PyObject *engine_format_frames (PyObject *exception,
                                const char *type_name,
                                const char *message);

G_END_DECLS
