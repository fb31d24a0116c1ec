/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(SUBITER_INSIDE) && !defined(SUBITER_COMPILATION)
#error "Only <subiter.h> can be included directly."
#endif

#include <subiter-types.h>

G_BEGIN_DECLS

#define SUBITER_TYPE_BATCH (subiter_batch_get_type ())

SUBITER_AVAILABLE_IN_ALL
GType subiter_batch_get_type (void) G_GNUC_CONST;
SUBITER_AVAILABLE_IN_ALL
SubiterBatch *subiter_batch_ref (SubiterBatch *batch);
SUBITER_AVAILABLE_IN_ALL
void subiter_batch_unref (SubiterBatch *batch);
SUBITER_AVAILABLE_IN_ALL
guint subiter_batch_get_n_items (SubiterBatch *batch);
SUBITER_AVAILABLE_IN_ALL
GVariant *subiter_batch_get_item (SubiterBatch *batch,
                                  guint index);
SUBITER_AVAILABLE_IN_ALL
const GVariantType *subiter_batch_get_item_type (SubiterBatch *batch);
SUBITER_AVAILABLE_IN_ALL
GVariant *subiter_batch_to_variant (SubiterBatch *batch);
SUBITER_AVAILABLE_IN_ALL
const SubiterValue *subiter_batch_peek_values (SubiterBatch *batch,
                                               guint *n_values);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SubiterBatch, subiter_batch_unref)

G_END_DECLS
