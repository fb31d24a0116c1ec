/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "engine-python-private.h"

#include <stdatomic.h>

G_BEGIN_DECLS

/* Objects of one interpreter whose memory an application looks at. What it lets go of is
 * put onto a list, by whichever thread that is, and the worker, which has the GIL, takes
 * it from there. */

typedef struct _EnginePin EnginePin;
typedef struct _EnginePins EnginePins;
struct _EnginePin
{
  /* what is held: one of them. The view is not moved: it may point into itself. */
  PyObject *object;
  Py_buffer view;

  EnginePins *pins;
  /* once it is given back: the one before it */
  EnginePin *next;
};

struct _EnginePins
{
  /* borrowed: that of the worker, which has these */
  SubiterPort *port;
  /* what was given back, the latest first: any thread puts one on top, the worker takes all */
  _Atomic (EnginePin *) returned;
  /* the worker's own: how many there are */
  gsize n_pins;
};

/* the worker's thread, attached to its interpreter */
EnginePin *engine_pin_new (void);
void engine_pin_free (EnginePin *pin);
GBytes *engine_pins_share (EnginePins *pins,
                           EnginePin *pin,
                           const void *data,
                           gsize size);
void engine_pins_release (EnginePins *pins);

/* Releases what was given back, which is usually nothing. */
static inline void
engine_pins_collect (EnginePins *pins)
{
  if (G_UNLIKELY (atomic_load_explicit (&pins->returned, memory_order_relaxed) != NULL))
    engine_pins_release (pins);
}

G_END_DECLS
