/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

/* Python's header first: it sets what the system's headers declare. */
#define PY_SSIZE_T_CLEAN
/* Names of arguments are constants in C too. */
#define PY_CXX_CONST const
#include <Python.h>

#include <subiter.h>

#if PY_VERSION_HEX < 0x030d0000
#error "Python 3.13 or newer is needed: before it, extension modules could not run in subinterpreters safely."
#endif

#ifdef Py_GIL_DISABLED
#error "A Python with a GIL is needed: a free-threaded one has no GIL for an interpreter to own."
#endif

G_BEGIN_DECLS

/* As everything about objects, only for code that holds their interpreter's GIL. */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PyObject, Py_DecRef)

G_END_DECLS
