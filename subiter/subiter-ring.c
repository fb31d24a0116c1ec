/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-ring-private.h"

#include "subiter-fault-private.h"

/* How many items ahead the slots are fetched, two cache lines of them: they come from the other
 * thread's processor, and nobody has to wait for that. */
#ifdef SUBITER_WITHOUT_PREFETCH
#define AHEAD 0
#else
#define AHEAD 8
#endif

/* How much room a producer who has none waits for. */
#ifdef SUBITER_WITHOUT_BATCHES
#define ROOM_OF_A_BATCH(capacity) 1
#else
#define ROOM_OF_A_BATCH(capacity) (((capacity) + 1) / 2)
#endif

/* How often the consumer settles, as a part of the capacity. */
#ifdef SUBITER_WITHOUT_SETTLING
#define SETTLES(ring) TRUE
#else
#define SETTLES(ring) ((ring)->n_unsettled * 4 >= (ring)->capacity)
#endif

/* Without memory for its slots, a ring takes nothing: FALSE. */
gboolean
subiter_ring_init (SubiterRing *ring,
                   guint capacity)
{
  guint64 n_slots = 1;

  g_return_val_if_fail (capacity > 0, FALSE);

  while (n_slots < capacity)
    n_slots *= 2;

  atomic_init (&ring->tail, 0);
  atomic_init (&ring->head, 0);
  atomic_init (&ring->parked, 0);
  atomic_init (&ring->closed, 0);
  ring->cached_head = 0;
  ring->cached_tail = 0;
  ring->n_unsettled = 0;
  atomic_init (&ring->spin.average, 0);
  atomic_init (&ring->spin.n_slept, 0);
  ring->slots = subiter_fault (SUBITER_FAULT_RING) ? NULL : g_try_new0 (SubiterValue, n_slots);
  ring->capacity = ring->slots != NULL ? capacity : 0;
  ring->mask = n_slots - 1;
  g_mutex_init (&ring->lock);
  g_cond_init (&ring->space);

  return ring->slots != NULL;
}

/* Only once both sides are done with it. */
void
subiter_ring_clear (SubiterRing *ring)
{
  SubiterValue value;

  while (subiter_ring_pop (ring, &value))
    subiter_value_clear (&value);

  g_clear_pointer (&ring->slots, g_free);
  g_mutex_clear (&ring->lock);
  g_cond_clear (&ring->space);
}

/* Moves @value into the ring and leaves it empty; FALSE if there is no room. */
gboolean
subiter_ring_push (SubiterRing *ring,
                   SubiterValue *value)
{
  guint64 tail = atomic_load_explicit (&ring->tail, memory_order_relaxed);

  if (tail - ring->cached_head >= ring->capacity)
    {
      ring->cached_head = atomic_load_explicit (&ring->head, memory_order_acquire);
      if (tail - ring->cached_head >= ring->capacity)
        return FALSE;
    }

  __builtin_prefetch (&ring->slots[(tail + AHEAD) & ring->mask], 1);
  ring->slots[tail & ring->mask] = *value;
  subiter_value_init (value);
  atomic_store_explicit (&ring->tail, tail + 1, memory_order_release);

  return TRUE;
}

static gboolean
ring_is_full (SubiterRing *ring)
{
  guint64 tail = atomic_load_explicit (&ring->tail, memory_order_relaxed);
  guint64 head = atomic_load_explicit (&ring->head, memory_order_acquire);

  return tail - head >= ring->capacity;
}

static gboolean
has_space_for_batch (gpointer data)
{
  SubiterRing *ring = data;
  guint64 tail = atomic_load_explicit (&ring->tail, memory_order_relaxed);
  guint64 head = atomic_load_explicit (&ring->head, memory_order_acquire);

  return tail - head <= ring->capacity - ROOM_OF_A_BATCH (ring->capacity) || subiter_ring_is_closed (ring);
}

/* Waits for a moment at most, for as much room as a parked producer would be woken for;
 * whether there is any. */
gboolean
subiter_ring_spin_for_space (SubiterRing *ring)
{
  return ring->capacity > 0
         && (subiter_spin_until (&ring->spin, subiter_ring_get_patience (ring), has_space_for_batch, ring) || !ring_is_full (ring));
}

/* Parks the producer until there is room; FALSE once the ring is closed. */
gboolean
subiter_ring_wait_for_space (SubiterRing *ring)
{
  subiter_lock (&ring->lock);
  while (!subiter_ring_is_closed (ring) && ring_is_full (ring))
    {
      atomic_store_explicit (&ring->parked, 1, memory_order_relaxed);
      subiter_full_fence ();
      if (!subiter_ring_is_closed (ring) && ring_is_full (ring))
        {
          while (atomic_load_explicit (&ring->parked, memory_order_relaxed))
            subiter_cond_wait (&ring->space, &ring->lock);
        }
      else
        {
          atomic_store_explicit (&ring->parked, 0, memory_order_relaxed);
        }
    }
  subiter_unlock (&ring->lock);

  return !subiter_ring_is_closed (ring);
}

static void
wake_producer (SubiterRing *ring)
{
  subiter_lock (&ring->lock);
  if (atomic_exchange_explicit (&ring->parked, 0, memory_order_relaxed))
    g_cond_signal (&ring->space);
  subiter_unlock (&ring->lock);
}

/* Wakes a parked producer once half of the ring is free, so that it finds room for
 * a batch: waking it for each slot would cost a context switch an item. It cannot be
 * forgotten below that mark: it parks only on a full ring, and every item of that ring
 * is popped before the consumer finds it empty. */
void
subiter_ring_settle (SubiterRing *ring)
{
  /* A producer that has parked since the last time has seen the head as it is. */
  if (ring->n_unsettled == 0)
    return;

  ring->n_unsettled = 0;
  subiter_full_fence ();
  if (G_UNLIKELY (atomic_load_explicit (&ring->parked, memory_order_relaxed)))
    {
      guint64 head = atomic_load_explicit (&ring->head, memory_order_relaxed);
      guint64 tail = atomic_load_explicit (&ring->tail, memory_order_acquire);

      if (tail - head <= ring->capacity - ROOM_OF_A_BATCH (ring->capacity))
        wake_producer (ring);
    }
}

/* How many there are for the consumer to pop, from @head on; none: it has settled. */
static guint64
count_available (SubiterRing *ring,
                 guint64 head)
{
  if (head == ring->cached_tail)
    {
      ring->cached_tail = atomic_load_explicit (&ring->tail, memory_order_acquire);
      if (head == ring->cached_tail)
        subiter_ring_settle (ring);
    }

  return ring->cached_tail - head;
}

static void
move_head (SubiterRing *ring,
           guint64 head,
           guint n_popped)
{
  atomic_store_explicit (&ring->head, head + n_popped, memory_order_release);

  ring->n_unsettled += n_popped;
  if (SETTLES (ring))
    subiter_ring_settle (ring);
}

/* Moves the oldest value out of the ring; FALSE if there is none. The consumer has to
 * settle when it leaves the ring with something in it. */
gboolean
subiter_ring_pop (SubiterRing *ring,
                  SubiterValue *value)
{
  guint64 head = atomic_load_explicit (&ring->head, memory_order_relaxed);

  if (count_available (ring, head) == 0)
    return FALSE;

  __builtin_prefetch (&ring->slots[(head + AHEAD) & ring->mask], 0);
  *value = ring->slots[head & ring->mask];
  move_head (ring, head, 1);

  return TRUE;
}

/* Copies the oldest values, @n_values at most and a quarter of the ring at most, and leaves
 * them there: how many. They are whoever's that advances past them. */
guint
subiter_ring_peek_many (SubiterRing *ring,
                        SubiterValue *values,
                        guint n_values)
{
  guint64 head = atomic_load_explicit (&ring->head, memory_order_relaxed);
  guint64 available = count_available (ring, head);
  guint n = (guint) MIN (available, n_values);

  n = MIN (n, MAX (ring->capacity / 4, 1));
  for (guint i = 0; i < n; i++)
    values[i] = ring->slots[(head + i) & ring->mask];

  return n;
}

/* Moves the oldest @n_values out of the ring, which the consumer has copied. */
void
subiter_ring_advance (SubiterRing *ring,
                      guint n_values)
{
  if (n_values > 0)
    move_head (ring, atomic_load_explicit (&ring->head, memory_order_relaxed), n_values);
}

/* Likewise, the oldest ones, @n_values at most: how many. */
guint
subiter_ring_pop_many (SubiterRing *ring,
                       SubiterValue *values,
                       guint n_values)
{
  guint64 head = atomic_load_explicit (&ring->head, memory_order_relaxed);
  guint64 available = count_available (ring, head);
  guint n = (guint) MIN (available, n_values);

  if (n == 0)
    return 0;

  for (guint i = 0; i < n; i++)
    values[i] = ring->slots[(head + i) & ring->mask];
  move_head (ring, head, n);

  return n;
}

/* How many there are to be popped, by the consumer that asks. */
guint
subiter_ring_count (SubiterRing *ring)
{
  return (guint) (atomic_load_explicit (&ring->tail, memory_order_acquire)
                  - atomic_load_explicit (&ring->head, memory_order_relaxed));
}

gboolean
subiter_ring_is_empty (SubiterRing *ring)
{
  return atomic_load_explicit (&ring->head, memory_order_relaxed)
         == atomic_load_explicit (&ring->tail, memory_order_acquire);
}

/* Lets a parked producer go, for good. What is in the ring stays there. */
void
subiter_ring_close (SubiterRing *ring)
{
  atomic_store_explicit (&ring->closed, 1, memory_order_seq_cst);
  wake_producer (ring);
}

gboolean
subiter_ring_is_closed (SubiterRing *ring)
{
  return atomic_load_explicit (&ring->closed, memory_order_acquire) != 0;
}
