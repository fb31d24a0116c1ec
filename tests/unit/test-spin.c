/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-test-support.h"

#include "subiter-spin-private.h"

/* Looking again for a moment before going to sleep. */

typedef struct
{
  guint n_looks;
  /* which look is to find something; 0: none */
  guint finds_at;
} Thing;

static gboolean
is_done (gpointer data)
{
  Thing *thing = data;

  thing->n_looks++;

  return thing->n_looks == thing->finds_at;
}

static gboolean
can_spin (void)
{
  if (g_get_num_processors () > 1)
    return TRUE;

  g_test_skip ("with one processor nothing is spun");

  return FALSE;
}

/* What comes at once is found, however often. */
static void
test_found (void)
{
  SubiterSpin spin = { 0 };

  if (!can_spin ())
    return;
  for (int i = 0; i < 1000; i++)
    {
      Thing thing = { .finds_at = 1 };

      g_assert_true (subiter_spin_until (&spin, 1, is_done, &thing));
      g_assert_cmpuint (thing.n_looks, ==, 1);
    }
}

/* How many of @n waits for something that never comes were spun. */
static guint
count_spun (SubiterSpin *spin,
            guint n)
{
  guint n_spun = 0;

  for (guint i = 0; i < n; i++)
    {
      Thing thing = { 0 };

      g_assert_false (subiter_spin_until (spin, 1, is_done, &thing));
      n_spun += thing.n_looks > 0;
    }

  return n_spun;
}

/* What does not come is soon not spun for any more, but for one time in so many. */
static void
test_in_vain (void)
{
  SubiterSpin spin = { 0 };

  if (!can_spin ())
    return;
  g_assert_cmpuint (count_spun (&spin, 32), <=, 8);
  g_assert_cmpuint (count_spun (&spin, SUBITER_SPIN_PROBE * 10), ==, 10);
}

/* And what begins to come again is found out about. */
static void
test_again (void)
{
  SubiterSpin spin = { 0 };
  guint n_tries = 0;
  guint n_found = 0;

  if (!can_spin ())
    return;
  count_spun (&spin, 100);
  while (n_found < 100)
    {
      Thing thing = { .finds_at = 1 };

      g_assert_cmpuint (n_tries++, <, 10000);
      n_found = subiter_spin_until (&spin, 1, is_done, &thing) ? n_found + 1 : 0;
    }
}

int
main (int argc,
      char **argv)
{
  subiter_test_init (&argc, &argv);
  subiter_test_add ("/spin/found", test_found);
  subiter_test_add ("/spin/in-vain", test_in_vain);
  subiter_test_add ("/spin/again", test_again);

  return subiter_test_run ();
}
