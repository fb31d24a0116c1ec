/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "subiter-value.h"

G_BEGIN_DECLS

/* What a tuple, list or dict refers to. A dict has its keys at the even and
 * its values at the odd places. */
typedef struct _SubiterValueNode SubiterValueNode;
struct _SubiterValueNode
{
  gsize n_values;
  /* while it is cleared: the one to go on with afterwards */
  SubiterValueNode *outer;
  SubiterValue values[];
};

/* What the element of a string says if data.bytes holds it, with its NUL. */
#define SUBITER_VALUE_LARGE_STRING 'L'

static inline const char *
subiter_value_peek_string (const SubiterValue *value)
{
  if (value->element == SUBITER_VALUE_LARGE_STRING)
    return g_bytes_get_data (value->data.bytes, NULL);

  return value->data.string;
}

/* What a large container becomes before it is handed over: a variant, in data.bytes. It
 * is no kind that others can make, or see. */
#define SUBITER_VALUE_MADE (SUBITER_VALUE_DICT + 1)

static inline SubiterValueNode *
subiter_value_get_node (const SubiterValue *value)
{
  return value->data.node;
}

static inline gboolean
subiter_value_is_container (const SubiterValue *value)
{
  return value->kind >= SUBITER_VALUE_TUPLE && value->kind <= SUBITER_VALUE_DICT;
}

const char *subiter_value_kind_to_string (SubiterValueKind kind);
gsize subiter_value_element_size (char element_type);

GBytes *subiter_value_release_elsewhere (GBytes *bytes);
void subiter_value_make_if_large (SubiterValue *value,
                                  const GVariantType *type);

gboolean subiter_value_fits (const SubiterValue *value,
                             const GVariantType *type);

G_END_DECLS
