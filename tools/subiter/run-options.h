/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "item-format.h"

#include <subiter.h>

G_BEGIN_DECLS

/* What `subiter run` was told on its command line. */
typedef struct
{
  SubiterCallable *callable;
  /* of SubiterCallable */
  GPtrArray *initializers;
  char **python_path;
  guint n_jobs;
  guint buffer_size;
  guint timeout;
  GVariantType *item_type;
  ItemFormat format;
  char *runtime;
  gboolean is_quiet;
} RunOptions;

RunOptions *run_options_parse (int argc,
                               char **argv,
                               GError **error);
void run_options_free (RunOptions *options);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (RunOptions, run_options_free)

G_END_DECLS
