/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "fuzz.h"

#include <subiter.h>

G_BEGIN_DECLS

/* A function of modules/fuzz_functions.py. */
SubiterCallable *fuzz_python_callable (const char *function,
                                       GVariant *args,
                                       GVariant *kwargs,
                                       GError **error);

/* Adds all items of it, from the real runtime. One interpreter serves many inputs, as it
 * does many sources, and is closed for another now and then.
 *
 * FALSE if it failed after these, with @error set. */
gboolean fuzz_python_run (SubiterCallable *callable,
                          const GVariantType *item_type,
                          GPtrArray *items,
                          GError **error);

G_END_DECLS
