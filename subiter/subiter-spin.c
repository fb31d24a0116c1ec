/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-spin-private.h"

/* How often a processor is asked to wait between two looks, at most: about 2 µs where it waits
 * for long. */
#define MAX_PATIENCE 32

/* What a wait in vain counts for, in µs. */
#define IN_VAIN (SUBITER_SPIN_TIME * 4)

static gboolean
has_processors (void)
{
#ifdef SUBITER_WITHOUT_SPINNING
  return FALSE;
#endif
  static gsize n_processors;

  if (g_once_init_enter (&n_processors))
    g_once_init_leave (&n_processors, g_get_num_processors ());

  return n_processors > 1;
}

static inline void
relax (void)
{
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause ();
#elif defined(__aarch64__)
  __asm__ volatile ("yield");
#endif
}

static void
learn (SubiterSpin *spin,
       gint64 duration)
{
  guint average = atomic_load_explicit (&spin->average, memory_order_relaxed);

  atomic_store_explicit (&spin->average, (average * 7 + (guint) duration * 16) / 8, memory_order_relaxed);
}

static gboolean
is_worth_it (SubiterSpin *spin)
{
  guint n_slept;

  if (atomic_load_explicit (&spin->average, memory_order_relaxed) <= SUBITER_SPIN_TIME * 16)
    return TRUE;

  n_slept = atomic_load_explicit (&spin->n_slept, memory_order_relaxed) + 1;
  atomic_store_explicit (&spin->n_slept, n_slept, memory_order_relaxed);

  return n_slept % SUBITER_SPIN_PROBE == 0;
}

/* Looks at @is_done for a moment, if such waits have been short. FALSE: go to sleep, after
 * another look.
 *
 * A look takes the cache line from the one who is to write to it, who then waits for it in
 * turn, and who finds only little takes it away again soon. So there is a pause before each
 * look: @patience is how long the first one is, in units of about 60 ns, 1 where everything that
 * comes is to be had at once, and more where much is to come. */
gboolean
subiter_spin_until (SubiterSpin *spin,
                    guint patience,
                    gboolean (*is_done) (gpointer data),
                    gpointer data)
{
  guint n_relaxes = CLAMP (patience, 1, MAX_PATIENCE);
  gint64 began;
  gint64 now;

  if (!has_processors ())
    return FALSE;
  if (!is_worth_it (spin))
    return FALSE;

  began = g_get_monotonic_time ();
  do
    {
      for (guint i = 0; i < n_relaxes; i++)
        relax ();
      now = g_get_monotonic_time ();
      if (is_done (data))
        {
          learn (spin, now - began);
          return TRUE;
        }
      n_relaxes = MIN (n_relaxes * 2, MAX_PATIENCE);
    }
  while (now - began < SUBITER_SPIN_TIME);
  learn (spin, IN_VAIN);

  return FALSE;
}
