/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "subiter-spin-private.h"
#include "subiter-sync-private.h"
#include "subiter-value.h"

G_BEGIN_DECLS

/* A bounded queue of values from one producer thread to one consumer at a
 * time, which may be a different thread each time as long as a lock or a main
 * context hands the role over.
 *
 * Neither side takes a lock unless the producer has to park. The indices only
 * ever grow; each is written by one side, on a cache line of its own, and read
 * by the other side only when its cached copy says full or empty.
 *
 * Parking and the waking of the parked is the usual handshake of two flags:
 * the producer announces itself (parked), then looks at the head again; the
 * consumer moves the head, then looks at parked. With a full fence between
 * the two steps on both sides, at least one of them sees the other.
 *
 * A full fence costs more than all else about taking an item, so that the consumer
 * looks at parked not after each: it settles, as it is called here, when it has taken a
 * quarter of what there is room for, when it finds the ring empty, and, with
 * subiter_ring_settle (), whenever it leaves the ring alone. */
typedef struct
{
  /* written by the producer */
  _Alignas (64) _Atomic guint64 tail;
  guint64 cached_head;

  /* written by the consumer */
  _Alignas (64) _Atomic guint64 head;
  guint64 cached_tail;
  guint n_unsettled;

  /* set by the producer, cleared by whoever wakes it */
  _Alignas (64) _Atomic int parked;
  /* set once, by any thread */
  _Atomic int closed;

  GMutex lock;
  GCond space;

  guint capacity;
  guint64 mask;
  SubiterValue *slots;

  /* the producer's own */
  SubiterSpin spin;
} SubiterRing;

/* How long it makes sense to wait for some more rather than take one by one, for
 * subiter_spin_until (). */
static inline guint
subiter_ring_get_patience (const SubiterRing *ring)
{
  return ring->capacity / 8;
}

gboolean subiter_ring_init (SubiterRing *ring,
                            guint capacity);
void subiter_ring_clear (SubiterRing *ring);

/* the producer's side */
gboolean subiter_ring_push (SubiterRing *ring,
                            SubiterValue *value);
gboolean subiter_ring_spin_for_space (SubiterRing *ring);
gboolean subiter_ring_wait_for_space (SubiterRing *ring);

/* the consumer's side */
gboolean subiter_ring_pop (SubiterRing *ring,
                           SubiterValue *value);
guint subiter_ring_pop_many (SubiterRing *ring,
                             SubiterValue *values,
                             guint n_values);
guint subiter_ring_peek_many (SubiterRing *ring,
                              SubiterValue *values,
                              guint n_values);
void subiter_ring_advance (SubiterRing *ring,
                           guint n_values);
void subiter_ring_settle (SubiterRing *ring);
guint subiter_ring_count (SubiterRing *ring);
gboolean subiter_ring_is_empty (SubiterRing *ring);

/* any thread */
void subiter_ring_close (SubiterRing *ring);
gboolean subiter_ring_is_closed (SubiterRing *ring);

G_END_DECLS
