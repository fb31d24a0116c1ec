/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "stress-life.h"

#include "subiter-test-support.h"

/* The lives of sources on the runtime in C, which sanitizers see to the
 * bottom. Beyond what the sources show, every run and every port has to go. */

static _Atomic int n_runs;

/* Runs are all that is allocated like this: the program is linked so that the
 * core calls these. */
gpointer __real_g_aligned_alloc0 (gsize n_blocks,
                                  gsize size,
                                  gsize alignment);
void __real_g_aligned_free (gpointer memory);
gpointer __wrap_g_aligned_alloc0 (gsize n_blocks,
                                  gsize size,
                                  gsize alignment);
void __wrap_g_aligned_free (gpointer memory);

gpointer
__wrap_g_aligned_alloc0 (gsize n_blocks,
                         gsize size,
                         gsize alignment)
{
  atomic_fetch_add (&n_runs, 1);

  return __real_g_aligned_alloc0 (n_blocks, size, alignment);
}

void
__wrap_g_aligned_free (gpointer memory)
{
  atomic_fetch_sub (&n_runs, 1);
  __real_g_aligned_free (memory);
}

static const LifeKind kinds[] = {
  { .name = "range", .args = "(300,)", .n_items = 300 },
  { .name = "range", .args = "(3,)", .n_items = 3 },
  { .name = "range", .args = "(0,)" },
  { .name = "generator", .args = "(60,)", .n_items = 60 },
  { .name = "forever", .args = "()", .n_items = -1, .waits = TRUE },
  { .name = "slow", .args = "(30, 200)", .n_items = 30 },
  { .name = "fail", .args = "(20,)", .n_items = 20, .fails = TRUE },
  { .name = "wait", .args = "()", .waits = TRUE },
  { .name = "chatter", .args = "(50, 1)", .first = 50, .n_items = 1 },
  { .name = "progress", .args = "(40,)", .first = 1, .n_items = 40 },
  { .name = "busy_raise", .args = "()", .waits = TRUE, .fails_when_stopped = TRUE },
};

static SubiterCallable *
new_callable (const LifeKind *kind)
{
  return subiter_test_callable_new (kind->name, kind->args);
}

static gboolean
is_all_gone (void)
{
  int n_entered = subiter_test_runtime_count (SUBITER_TEST_ENTERED);

  return atomic_load (&n_runs) == 0 && subiter_test_runtime_count (SUBITER_TEST_LEFT) == n_entered
         && subiter_test_runtime_count (SUBITER_TEST_PORTS_FREED) == n_entered;
}

static void
test_everything (void)
{
  LifeWorld world = { "test", kinds, G_N_ELEMENTS (kinds), new_callable, is_all_gone, 60000, 0, FALSE };

  if (subiter_test_is_thorough ())
    world.n_steps *= 100;
  life_run (&world);
  g_assert_cmpint (subiter_test_runtime_count (SUBITER_TEST_ENTERED), >, 0);
}

int
main (int argc,
      char **argv)
{
  subiter_test_init (&argc, &argv);
  subiter_test_add ("/stress/life/everything", test_everything);

  return subiter_test_run ();
}
