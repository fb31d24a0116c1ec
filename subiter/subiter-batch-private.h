/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "subiter-batch.h"
#include "subiter-value.h"

G_BEGIN_DECLS

/* Made empty, filled by one thread, and then handed out and never changed. */
struct _SubiterBatch
{
  _Atomic int ref_count;
  guint n_values;
  guint n_allocated;
  GVariantType *item_type;
  SubiterValue *values;
};

SubiterBatch *subiter_batch_new (const GVariantType *item_type);
SubiterValue *subiter_batch_reserve (SubiterBatch *batch,
                                     guint n_values);
void subiter_batch_append (SubiterBatch *batch,
                           SubiterValue *value);

G_END_DECLS
