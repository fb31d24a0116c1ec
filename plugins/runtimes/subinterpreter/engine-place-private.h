/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "engine-failure-private.h"

G_BEGIN_DECLS

/* The way from an item to the object that is converted, innermost first; it is
 * made into text only if something is wrong with that object. */
typedef struct _EnginePlace EnginePlace;
struct _EnginePlace
{
  const EnginePlace *parent;
  guint depth;
  /* in a dict, the key; borrowed */
  PyObject *key;
  /* in a list or tuple */
  gsize index;
  /* how many references to the object there are that are known of, and whether others can
   * come by it all the same, through what it is in */
  guint n_references;
  gboolean is_shared;
};

/* Whether code may still come by @object, which is at @place, when it has been converted. */
gboolean engine_place_is_shared (const EnginePlace *place,
                                 PyObject *object);

void engine_place_refuse (const EnginePlace *place,
                          EngineOutcome *outcome,
                          const char *format,
                          ...) G_GNUC_PRINTF (3, 4);

gboolean engine_value_from_bytes (SubiterValue *value,
                                  PyObject *object,
                                  const EnginePlace *place,
                                  EngineOutcome *outcome);
gboolean engine_value_from_buffer (SubiterValue *value,
                                   PyObject *object,
                                   const EnginePlace *place,
                                   EngineOutcome *outcome);

G_END_DECLS
