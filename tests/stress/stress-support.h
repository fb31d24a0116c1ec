/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "subiter-test-support.h"

G_BEGIN_DECLS

/* A generator of its own for each thread. The seed is printed; a run is
 * repeated, as far as threads can be, with SUBITER_TEST_SEED or --seed. */
static inline guint32
stress_seed (void)
{
  const char *text = g_getenv ("SUBITER_TEST_SEED");
  guint32 seed = text != NULL ? (guint32) g_ascii_strtoull (text, NULL, 0) : (guint32) g_test_rand_int ();

  g_test_message ("SUBITER_TEST_SEED=%u", seed);

  return seed;
}

/* How often: a little every time, a lot if somebody asks for it. */
static inline guint
stress_rounds (guint n)
{
  if (subiter_test_is_thorough ())
    return n * 50;

  return g_getenv ("SUBITER_TEST_VALGRIND") != NULL ? MAX (n / 10, 1) : n;
}

/* In [0, n). */
static inline guint
stress_pick (GRand *rand,
             guint n)
{
  return (guint) g_rand_int_range (rand, 0, (gint32) n);
}

G_END_DECLS
