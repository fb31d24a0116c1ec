/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "subiter-value.h"

G_BEGIN_DECLS

/* A buffer or a text in a container that has more bytes than this is shared with the variant:
 * those that a runtime may have pinned are. */
#define SUBITER_VALUE_MAX_COPY 4095

/* What a tuple, list or dict refers to. A dict has its keys at the even and
 * its values at the odd places. */
typedef struct _SubiterValueNode SubiterValueNode;
struct _SubiterValueNode
{
  guint32 n_values;
  /* of the memory that it takes; 0 if it was too much for a block */
  guint32 block_size;
  /* while it is cleared: the one to go on with afterwards */
  SubiterValueNode *outer;
  SubiterValue values[];
};

/* A short text is in a block, with its length beside it. What the element of a longer one says:
 * data.bytes holds it, with its NUL. */
#define SUBITER_VALUE_LONG_STRING 'L'

static inline const char *
subiter_value_peek_string (const SubiterValue *value)
{
  if (value->element == SUBITER_VALUE_LONG_STRING)
    return g_bytes_get_data (value->data.bytes, NULL);

  return value->data.text;
}

static inline gsize
subiter_value_get_string_length (const SubiterValue *value)
{
  if (value->element == SUBITER_VALUE_LONG_STRING)
    return g_bytes_get_size (value->data.bytes) - 1;

  return value->length;
}

static inline SubiterValueNode *
subiter_value_get_node (const SubiterValue *value)
{
  return value->data.node;
}

/* Of a value that is a number. */
static inline double
subiter_value_to_double (const SubiterValue *value)
{
  if (value->kind == SUBITER_VALUE_DOUBLE)
    return value->data.real;
  if (value->kind == SUBITER_VALUE_UINT64)
    return (double) value->data.uint64;

  return (double) value->data.int64;
}

static inline gboolean
subiter_value_is_container (const SubiterValue *value)
{
  return value->kind >= SUBITER_VALUE_TUPLE && value->kind <= SUBITER_VALUE_DICT;
}

/* A short row of scalars, as most containers that come in great numbers are: nothing can be
 * wrong with it, and it is not large. */
static inline gboolean
subiter_value_is_plain (const SubiterValue *value)
{
  const SubiterValueNode *node;

  if (value->kind != SUBITER_VALUE_TUPLE && value->kind != SUBITER_VALUE_LIST)
    return FALSE;

  node = subiter_value_get_node (value);
  if (node->n_values > 16)
    return FALSE;
  for (gsize i = 0; i < node->n_values; i++)
    {
      if (subiter_value_is_container (&node->values[i]))
        return FALSE;
    }

  return TRUE;
}

const char *subiter_value_kind_to_string (SubiterValueKind kind);
gsize subiter_value_element_size (char element_type);

GBytes *subiter_value_release_elsewhere (GBytes *bytes);
GVariant *subiter_value_serialize (const SubiterValue *value,
                                   const GVariantType *type,
                                   gsize max_buffer);
GVariant *subiter_value_serialize_array (const SubiterValue *values,
                                         gsize n_values,
                                         const GVariantType *type,
                                         gsize max_buffer);
void subiter_value_make_if_large (SubiterValue *value,
                                  const GVariantType *type);

gboolean subiter_value_fits (const SubiterValue *value,
                             const GVariantType *type);

G_END_DECLS
