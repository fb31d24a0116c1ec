/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "stress-support.h"

/* A handful of sources to which everything is done at random: by the thread
 * that iterates their context, which alone starts them, and by others that
 * only know how to stop, pause and resume. What must hold whatever happens:
 *
 * - the items of an iteration are 0, 1, … without a gap;
 * - no item comes after the source was stopped, here, until it is started;
 * - every iteration has exactly one end, after its last item;
 * - nothing comes from a source that was let go. */

#define N_SLOTS 6
#define N_MEDDLERS 2

typedef struct
{
  SubiterSource *source;
  GThread *thread;
  guint n_starts;
  guint n_ends;
  gint64 expected;
  /* between a start and a stop of the owner */
  gboolean is_active;
  gboolean is_closed;
  guint n_pulls;
} Slot;

typedef struct
{
  GRand *rand;
  Slot slots[N_SLOTS];
  SubiterInterpreter *shared;
  guint n_pending;

  GMutex lock;
  /* lock: what the meddlers may take a reference of */
  SubiterSource *visible[N_SLOTS];
  SubiterTestFlag ends;
} Stress;

static void
check_item (Slot *slot,
            GVariant *item)
{
  g_assert_true (g_thread_self () == slot->thread);
  g_assert_nonnull (slot->source);
  g_assert_true (slot->is_active);
  /* Those before it have had their ends. */
  g_assert_cmpuint (slot->n_ends + 1, ==, slot->n_starts);
  g_assert_cmpint (g_variant_get_int64 (item), ==, slot->expected);
  slot->expected++;
}

static void
on_item (SubiterSource *source,
         GVariant *item,
         Slot *slot)
{
  check_item (slot, item);
}

static void
take_item (SubiterSource *source,
           GVariant *item,
           gpointer data)
{
  Slot *slot = data;

  /* The signal comes right after this. */
  g_assert_cmpint (g_variant_get_int64 (item), ==, slot->expected);
}

static void
count_end (Slot *slot)
{
  g_assert_true (g_thread_self () == slot->thread);
  g_assert_nonnull (slot->source);
  slot->n_ends++;
  g_assert_cmpuint (slot->n_ends, <=, slot->n_starts);
  if (slot->n_ends == slot->n_starts)
    slot->is_active = FALSE;
}

static void
on_finished (SubiterSource *source,
             Slot *slot)
{
  count_end (slot);
}

static void
on_failed (SubiterSource *source,
           GError *error,
           Slot *slot)
{
  g_assert_true (g_error_matches (error, SUBITER_ERROR, SUBITER_ERROR_RAISED)
                 || g_error_matches (error, SUBITER_ERROR, SUBITER_ERROR_NOT_FOUND));
  count_end (slot);
}

static gboolean
on_timeout (SubiterSource *source,
            Slot *slot)
{
  g_assert_true (g_thread_self () == slot->thread);
  if (slot->expected % 2 == 0)
    return TRUE;

  count_end (slot);
  return FALSE;
}

static void
on_output (SubiterSource *source,
           SubiterStream stream,
           const char *text,
           Slot *slot)
{
  g_assert_true (g_thread_self () == slot->thread);
  g_assert_nonnull (slot->source);
}

static void
drop_output (SubiterSource *source,
             SubiterStream stream,
             const char *text,
             gpointer user_data)
{
}

static void
set_visible (Stress *stress,
             guint i,
             SubiterSource *source)
{
  SubiterSource *before;

  subiter_lock (&stress->lock);
  before = stress->visible[i];
  stress->visible[i] = source != NULL ? g_object_ref (source) : NULL;
  subiter_unlock (&stress->lock);

  if (before != NULL)
    subiter_test_unref (before);
}

static void
fill_slot (Stress *stress,
           guint i)
{
  static const char *const functions[][2] = {
    { "range", "(200,)" }, { "range", "(0,)" }, { "generator", "(50,)" }, { "forever", NULL },
    { "slow", "(20, 100)" }, { "fail", "(30,)" }, { "wait", NULL }, { "chatter", "(100, 1)" },
    { "no_such", NULL },
  };
  static const char *const initializers[] = { "test:setup", NULL };
  guint function = stress_pick (stress->rand, G_N_ELEMENTS (functions));
  Slot *slot = &stress->slots[i];

  *slot = (Slot) { .thread = g_thread_self () };
  if (stress_pick (stress->rand, 3) == 0)
    slot->source = subiter_test_source_new_on (stress->shared, functions[function][0], functions[function][1]);
  else
    slot->source = subiter_test_source_new (functions[function][0], functions[function][1]);
  /* Chatter ends with its number of lines as the only item. */
  if (g_str_equal (functions[function][0], "chatter"))
    slot->expected = -1;

  subiter_source_set_initializers (slot->source, stress_pick (stress->rand, 2) ? initializers : NULL);
  g_signal_connect (slot->source, "finished", G_CALLBACK (on_finished), slot);
  g_signal_connect (slot->source, "failed", G_CALLBACK (on_failed), slot);
  g_signal_connect (slot->source, "timeout", G_CALLBACK (on_timeout), slot);
  g_signal_connect (slot->source, "output", G_CALLBACK (on_output), slot);
  /* This one stays when the slot goes, or the output would be the test's. */
  g_signal_connect (slot->source, "output", G_CALLBACK (drop_output), NULL);
  if (slot->expected == 0)
    g_signal_connect (slot->source, "item", G_CALLBACK (on_item), slot);
  set_visible (stress, i, slot->source);
}

static void
on_closed (GObject *object,
           GAsyncResult *result,
           gpointer user_data)
{
  Stress *stress = user_data;

  g_assert_true (subiter_source_close_finish (SUBITER_SOURCE (object), result, NULL));
  stress->n_pending--;
}

static void
empty_slot (Stress *stress,
            guint i)
{
  Slot *slot = &stress->slots[i];

  set_visible (stress, i, NULL);
  if (stress_pick (stress->rand, 2))
    {
      stress->n_pending++;
      subiter_source_close_async (slot->source, NULL, on_closed, stress);
    }
  /* A meddler may have it for a while longer: the handlers go with the slot. */
  g_signal_handlers_disconnect_by_data (slot->source, slot);
  subiter_source_set_item_func (slot->source, NULL, NULL, NULL);
  g_clear_object (&slot->source);
}

static gboolean
can_start (Slot *slot)
{
  SubiterState state = subiter_source_get_state (slot->source);

  return state != SUBITER_STATE_RUNNING && state != SUBITER_STATE_PAUSED && state != SUBITER_STATE_CLOSED;
}

static void
act (Stress *stress)
{
  guint i = stress_pick (stress->rand, N_SLOTS);
  Slot *slot = &stress->slots[i];

  switch (stress_pick (stress->rand, 14))
    {
    case 0:
    case 1:
    case 2:
    case 3:
      if (!can_start (slot))
        break;
      slot->n_starts++;
      slot->expected = MIN (slot->expected, 0);
      slot->is_active = TRUE;
      subiter_source_start (slot->source);
      break;
    case 4:
      subiter_source_stop (slot->source);
      slot->is_active = FALSE;
      break;
    case 5:
      subiter_source_pause (slot->source);
      break;
    case 6:
    case 7:
      subiter_source_resume (slot->source);
      break;
    case 8:
      subiter_source_set_timeout (slot->source, stress_pick (stress->rand, 3));
      break;
    case 9:
      subiter_source_set_buffer_size (slot->source, 1 + stress_pick (stress->rand, 20));
      subiter_source_set_dispatch_items (slot->source, stress_pick (stress->rand, 5));
      break;
    case 10:
      if (stress_pick (stress->rand, 2) && slot->expected >= 0)
        subiter_source_set_item_func (slot->source, take_item, slot, NULL);
      else
        subiter_source_set_item_func (slot->source, NULL, NULL, NULL);
      break;
    case 11:
      if (can_start (slot))
        subiter_source_rewind (slot->source);
      break;
    case 12:
      empty_slot (stress, i);
      fill_slot (stress, i);
      break;
    default:
      subiter_source_set_priority (slot->source, (int) stress_pick (stress->rand, 300));
    }
}

typedef struct
{
  Stress *stress;
  GRand *rand;
} Meddler;

static gpointer
meddle_main (gpointer data)
{
  Meddler *meddler = data;
  Stress *stress = meddler->stress;

  while (!subiter_test_flag_is_set (&stress->ends))
    {
      guint i = stress_pick (meddler->rand, N_SLOTS);
      SubiterSource *source = NULL;

      subiter_lock (&stress->lock);
      if (stress->visible[i] != NULL)
        source = g_object_ref (stress->visible[i]);
      subiter_unlock (&stress->lock);
      if (source == NULL)
        continue;

      switch (stress_pick (meddler->rand, 10))
        {
        case 0:
          subiter_source_stop (source);
          break;
        case 1:
        case 2:
          subiter_source_pause (source);
          break;
        case 3:
        case 4:
        case 5:
          subiter_source_resume (source);
          break;
        case 6:
          subiter_source_get_n_items (source);
          break;
        case 7:
          subiter_interpreter_get_running (subiter_source_get_interpreter (source));
          break;
        case 8:
          {
            g_autofree char *text = subiter_source_dup_progress_text (source);
            g_autoptr (SubiterFailure) failure = subiter_source_dup_failure (source);
          }
          break;
        default:
          g_usleep (100);
        }
      subiter_test_unref (source);
    }

  return NULL;
}

static void
test_everything (void)
{
  guint32 seed = stress_seed ();
  guint n_rounds = stress_rounds (4000);
  Stress stress = { .rand = g_rand_new_with_seed (seed), .shared = subiter_interpreter_new ("test") };
  Meddler meddlers[N_MEDDLERS];
  GThread *threads[N_MEDDLERS];

  g_mutex_init (&stress.lock);
  for (guint i = 0; i < N_SLOTS; i++)
    fill_slot (&stress, i);
  for (guint i = 0; i < N_MEDDLERS; i++)
    {
      meddlers[i] = (Meddler) { .stress = &stress, .rand = g_rand_new_with_seed (seed + 1 + i) };
      threads[i] = g_thread_new ("meddler", meddle_main, &meddlers[i]);
    }

  for (guint round = 0; round < n_rounds; round++)
    {
      act (&stress);
      for (guint i = stress_pick (stress.rand, 5); i > 0; i--)
        g_main_context_iteration (g_main_context_get_thread_default (), FALSE);
    }

  subiter_test_flag_set (&stress.ends);
  for (guint i = 0; i < N_MEDDLERS; i++)
    {
      g_thread_join (threads[i]);
      g_rand_free (meddlers[i].rand);
    }

  /* Left alone, everything comes to its end. */
  for (guint i = 0; i < N_SLOTS; i++)
    {
      subiter_source_stop (stress.slots[i].source);
      stress.slots[i].is_active = FALSE;
    }
  for (guint i = 0; i < N_SLOTS; i++)
    {
      subiter_test_wait_for (stress.slots[i].n_ends == stress.slots[i].n_starts);
      empty_slot (&stress, i);
    }
  subiter_test_wait_for (stress.n_pending == 0);
  g_object_unref (stress.shared);
  g_mutex_clear (&stress.lock);
  g_rand_free (stress.rand);
}

static gpointer
unref_main (gpointer data)
{
  subiter_test_unref (data);

  return NULL;
}

/* Made and let go of at a random moment, by a random thread. */
static void
test_life (void)
{
  static const char *const functions[] = { "range", "forever", "wait", "slow", "fail", "generator" };
  GRand *rand = g_rand_new_with_seed (stress_seed ());
  guint n_rounds = stress_rounds (300);

  for (guint round = 0; round < n_rounds; round++)
    {
      SubiterSource *source = subiter_test_source_new (functions[stress_pick (rand, G_N_ELEMENTS (functions))],
                                                       "(10, 5)");
      g_autoptr (SubiterTestLog) log = subiter_test_log_new (source);
      guint n_starts = stress_pick (rand, 3);

      log->counts = TRUE;
      for (guint i = 0; i < n_starts; i++)
        {
          log->n_items = 0;
          subiter_source_start (source);
          for (guint j = stress_pick (rand, 20); j > 0; j--)
            g_main_context_iteration (g_main_context_get_thread_default (), FALSE);
          subiter_source_stop (source);
        }
      log->n_items = 0;
      subiter_source_start (source);
      for (guint j = stress_pick (rand, 20); j > 0; j--)
        g_main_context_iteration (g_main_context_get_thread_default (), FALSE);

      if (stress_pick (rand, 2))
        {
          g_object_unref (source);
        }
      else
        {
          GThread *thread = g_thread_new ("unref", unref_main, source);

          for (guint j = stress_pick (rand, 5); j > 0; j--)
            g_main_context_iteration (g_main_context_get_thread_default (), FALSE);
          g_thread_join (thread);
        }
      g_assert_cmpuint (log->n_ends, <=, n_starts + 1);
    }
  g_rand_free (rand);
}

int
main (int argc,
      char **argv)
{
  subiter_test_init (&argc, &argv);
  subiter_test_add ("/stress/source/everything", test_everything);
  subiter_test_add ("/stress/source/life", test_life);

  return subiter_test_run ();
}
