/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <subiter.h>

G_BEGIN_DECLS

/* What the module and an engine agree on. The module is free of Python's
 * symbols, so that it loads into any process; an engine is linked like an
 * extension module, for one minor version of Python, and is loaded once that
 * Python's symbols are there to be found. */
#define SUBITER_PYTHON_ENGINE_ABI 2
#define SUBITER_PYTHON_ENGINE_SYMBOL "subiter_engine"

typedef struct
{
  guint abi;
  /* the Python it was built for: major * 100 + minor */
  guint python_version;

  /* as in SubiterRuntimeInterface */
  gboolean (*run) (SubiterPort *port,
                   GError **error);
  gboolean (*interrupt) (SubiterPort *port,
                         SubiterRun *run,
                         SubiterInterrupt how);
  char *(*dup_stack) (SubiterPort *port,
                      SubiterRun *run);
} SubiterPythonEngine;

G_END_DECLS
