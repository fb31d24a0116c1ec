/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>
#include <stdatomic.h>

G_BEGIN_DECLS

/* How long it pays to look again and again before going to sleep, in µs: a thread that
 * is woken comes back after about as long as this. */
#define SUBITER_SPIN_TIME 20
/* One wait in so many is spun in any case, to see whether that has begun to pay. */
#define SUBITER_SPIN_PROBE 32

/* What is known of the waits for one thing, which are spun as long as most of them are shorter
 * than SUBITER_SPIN_TIME: so a wait for something that comes once in a while costs no
 * processor time worth speaking of, and nothing is spun where there is only one
 * processor. All zero is a good start. Threads may share it: what one of them has seen counts for
 * all, and it does no harm if some of it is lost. */
typedef struct
{
  /* of waits that were spun, in 1/16 µs, those that were in vain counting as much longer than
   * any that was not */
  _Atomic guint average;
  _Atomic guint n_slept;
} SubiterSpin;

gboolean subiter_spin_until (SubiterSpin *spin,
                             guint patience,
                             gboolean (*is_done) (gpointer data),
                             gpointer data);

G_END_DECLS
