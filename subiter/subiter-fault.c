/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-fault-private.h"

#include "subiter-sync-private.h"

static GMutex lock;
/* lock: how many times each goes well, and fails after that */
static guint n_to_skip[SUBITER_N_FAULTS];
static guint n_to_fail[SUBITER_N_FAULTS];

gboolean
subiter_fault (SubiterFault fault)
{
  gboolean fails = FALSE;

  subiter_lock (&lock);
  if (n_to_skip[fault] > 0)
    {
      n_to_skip[fault]--;
    }
  else if (n_to_fail[fault] > 0)
    {
      n_to_fail[fault]--;
      fails = TRUE;
    }
  subiter_unlock (&lock);

  return fails;
}

void
subiter_fault_inject (SubiterFault fault,
                      guint n_skipped,
                      guint n_failing)
{
  subiter_lock (&lock);
  n_to_skip[fault] = n_skipped;
  n_to_fail[fault] = n_failing;
  subiter_unlock (&lock);
}

guint
subiter_fault_clear (SubiterFault fault)
{
  guint n_left;

  subiter_lock (&lock);
  n_left = n_to_fail[fault];
  n_to_skip[fault] = 0;
  n_to_fail[fault] = 0;
  subiter_unlock (&lock);

  return n_left;
}
