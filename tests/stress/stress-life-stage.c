/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "stress-life.h"

/* Where the lives take place: threads with a main context each, one that they
 * share, and threads that only meddle. */

static LifeStage *current_stage;

typedef struct
{
  LifeStage *stage;
  GRand *rand;
  guint index;
  const char *name;
  GMainContext *context;
  GPtrArray *cancellables;
} Actor;

static guint
pick (Actor *actor,
      guint n)
{
  return (guint) g_rand_int_range (actor->rand, 0, (gint32) n);
}

static void
dump_states (void)
{
  LifeStage *stage = current_stage;

  g_printerr ("# seed %u; left are %d sources, %d interpreters, %d calls, %d acting threads\n", stage->seed,
              atomic_load (&stage->n_sources), atomic_load (&stage->n_interpreters),
              atomic_load (&stage->n_calls), atomic_load (&stage->n_acting));
  life_print_threads ();
  if (!g_mutex_trylock (&stage->lock))
    {
      g_printerr ("# the list of sources is locked\n");
      return;
    }
  for (guint i = 0; i < stage->lives->len; i++)
    {
      Life *life = stage->lives->pdata[i];
      SubiterSource *source = g_weak_ref_get (&life->weak_ref);

      if (source == NULL)
        continue;
      g_printerr ("# source %u, %s: state %d, %u starts, %u ends, %u calls pending, %d callers, %d references, "
                  "mode %d, %" G_GUINT64_FORMAT " items%s%s\n",
                  life->number, life->kind->name, (int) subiter_source_get_state (source), life->n_starts,
                  life->n_ends, life->n_pending, atomic_load (&life->n_callers), atomic_load (&life->n_refs),
                  atomic_load (&life->mode), subiter_source_get_n_items (source),
                  life->source == NULL ? ", let go of" : "",
                  atomic_load (&life->is_closing) ? ", closing" : "");
    }
  g_mutex_unlock (&stage->lock);
}

static void
count_down (gpointer data)
{
  atomic_fetch_sub ((_Atomic int *) data, 1);
}

static LifeInterpreter *
interpreter_new (LifeStage *stage)
{
  LifeInterpreter *self = g_new0 (LifeInterpreter, 1);

  self->stage = stage;
  self->context = g_main_context_get_thread_default ();
  self->interpreter = subiter_interpreter_new (stage->world->runtime);
  atomic_fetch_add (&stage->n_interpreters, 1);
  g_object_set_data_full (G_OBJECT (self->interpreter), "life", &stage->n_interpreters, count_down);

  return self;
}

gboolean
life_is_closed (LifeStage *stage,
                const GError *error)
{
  if (error == NULL)
    return TRUE;
  if (!stage->world->may_be_late || !g_error_matches (error, SUBITER_ERROR, SUBITER_ERROR_ABANDONED))
    return FALSE;

  atomic_fetch_add (&stage->n_late, 1);

  return TRUE;
}

static void
on_interpreter_closed (GObject *object,
                       GAsyncResult *result,
                       gpointer user_data)
{
  LifeInterpreter *self = user_data;
  g_autoptr (GError) error = NULL;
  gboolean closed = subiter_interpreter_close_finish (SUBITER_INTERPRETER (object), result, &error);

  g_assert_true (closed == (error == NULL));
  if (!life_is_closed (self->stage, error))
    g_assert_no_error (error);
  g_assert_false (subiter_interpreter_get_running (SUBITER_INTERPRETER (object)));
  atomic_fetch_sub (&self->stage->n_closings, 1);
  atomic_fetch_sub (&self->stage->n_calls, 1);
  subiter_sync_release (object);
}

/* Puts another interpreter into its place, or none, and closes or lets go of
 * this one. */
static void
replace_interpreter (LifeStage *stage,
                     guint index,
                     gboolean closes,
                     gboolean is_last)
{
  LifeInterpreter *fresh = is_last ? NULL : interpreter_new (stage);
  LifeInterpreter *self;
  SubiterInterpreter *interpreter;

  subiter_lock (&stage->lock);
  self = stage->interpreters[index];
  stage->interpreters[index] = fresh;
  if (fresh != NULL)
    g_ptr_array_add (stage->all_interpreters, fresh);
  subiter_unlock (&stage->lock);
  if (self == NULL)
    return;

  interpreter = self->interpreter;
  if (closes && (LIFE_CROSSES_CONTEXTS || g_main_context_is_owner (self->context)))
    {
      atomic_store (&self->is_closed, 1);
      atomic_fetch_add (&stage->n_calls, 1);
      atomic_fetch_add (&stage->n_closings, 1);
      subiter_interpreter_close_async (interpreter, NULL, on_interpreter_closed, self);
    }
  subiter_sync_release (interpreter);
  g_object_unref (interpreter);
}

/* One that some meet, in ms. */
static guint
pick_timeout (LifeStage *stage,
              guint32 how)
{
  return how % 3 != 0 ? (1 + (how >> 8) % 3) * (1 + 20 * stage->world->pace) : 0;
}

/* A new source into an empty place. */
static void
fill (Actor *actor,
      guint place,
      GMainContext *context,
      guint32 how)
{
  LifeStage *stage = actor->stage;
  const LifeKind *kind = &stage->world->kinds[how % stage->world->n_kinds];
  LifeInterpreter *interpreter = NULL;
  gboolean is_shared = (how >> 8) % 3 == 0;
  gboolean is_visible = (how >> 12) % 4 != 0;
  SubiterSource *visible;
  Life *life;
  guint number;

  subiter_lock (&stage->lock);
  number = stage->lives->len;
  g_ptr_array_add (stage->lives, NULL);
  if (is_shared)
    {
      interpreter = stage->interpreters[(how >> 16) % LIFE_N_INTERPRETERS];
      /* Whoever replaces it may have the last reference. */
      g_object_ref (interpreter->interpreter);
    }
  subiter_unlock (&stage->lock);

  /* Its decisions come from this number, whatever the order of threads. */
  life = life_new (stage, context, kind, interpreter, how);
  if (interpreter != NULL)
    {
      subiter_sync_release (interpreter->interpreter);
      g_object_unref (interpreter->interpreter);
    }
  subiter_source_set_timeout (life->source, pick_timeout (stage, how >> 4));
  stage->places[place] = life;
  visible = is_visible ? life_ref (life) : NULL;

  subiter_lock (&stage->lock);
  stage->lives->pdata[number] = life;
  stage->visible[place] = is_visible ? life : NULL;
  stage->visible_sources[place] = visible;
  subiter_unlock (&stage->lock);
}

/* Several references, which several threads drop at about the same time. */
static void
scatter (LifeStage *stage,
         Life *life)
{
  for (guint i = 0; i < 3; i++)
    {
      SubiterSource *source = life_ref (life);

      subiter_lock (&stage->lock);
      g_queue_push_tail (&stage->parting, life);
      g_queue_push_tail (&stage->parting, source);
      subiter_unlock (&stage->lock);
    }
  life_drop (life);
}

static void
gather_one (LifeStage *stage)
{
  Life *life;
  SubiterSource *source;

  subiter_lock (&stage->lock);
  life = g_queue_pop_head (&stage->parting);
  source = g_queue_pop_head (&stage->parting);
  subiter_unlock (&stage->lock);

  if (life != NULL)
    life_unref (life, source);
}

static void
call_next (Actor *actor,
           Life *life,
           guint32 how)
{
  GCancellable *cancellable = NULL;

  switch (how % 4)
    {
    case 0:
      cancellable = life->halt;
      break;
    case 1:
      cancellable = g_cancellable_new ();
      g_ptr_array_add (actor->cancellables, cancellable);
      break;
    case 2:
      if (actor->cancellables->len > 0)
        g_cancellable_cancel (actor->cancellables->pdata[(how >> 4) % actor->cancellables->len]);
      if (actor->cancellables->len > 20)
        g_ptr_array_set_size (actor->cancellables, 0);
      break;
    default:
      break;
    }
  life_next (life, (how >> 12) % 3 == 0 ? 1 + (how >> 16) % 9 : 0, cancellable);
}

/* One decision about one source. */
static void
act (Actor *actor,
     guint place,
     GMainContext *context,
     guint what,
     guint32 how)
{
  static const char *const names[] = { "start", "stop", "pause", "resume", "timeout", "settings", "noise", "turn",
                                       "next", "close", "drop", "scatter", "stop and start" };
  static const guint8 weights[] = { 12, 4, 4, 8, 4, 4, 4, 14, 18, 1, 1, 1, 4 };
  LifeStage *stage = actor->stage;
  Life *life = stage->places[place];
  guint op = 0;

  if (life == NULL || life->source == NULL)
    {
      life_journal_operation ("fill", how, place);
      fill (actor, place, context, how);
      return;
    }

  for (what %= 79; what >= weights[op]; op++)
    what -= weights[op];
  life_journal_operation (names[op], life->number, (gint64) (how % 1000));
  switch (op)
    {
    case 0:
      life_start (life);
      break;
    case 1:
      life_stop (life);
      break;
    case 2:
      subiter_source_pause (life->source);
      break;
    case 3:
      subiter_source_resume (life->source);
      break;
    case 4:
      subiter_source_set_timeout (life->source, pick_timeout (stage, how));
      break;
    case 5:
      subiter_source_set_buffer_size (life->source, 1 + how % 20);
      subiter_source_set_dispatch_items (life->source, (how >> 8) % 5);
      subiter_source_set_priority (life->source, (int) (how >> 16) % 300);
      break;
    case 6:
      life_toggle_noise (life);
      break;
    case 7:
      life_turn (life, how % 3 == 0 ? LIFE_SIGNALS : LIFE_PULLS);
      break;
    case 8:
      call_next (actor, life, how);
      break;
    case 9:
      life_close (life);
      break;
    case 10:
      life_drop (life);
      break;
    case 11:
      scatter (stage, life);
      break;
    default:
      life_stop (life);
      life_start (life);
    }
}

/* Lets the workers come along. */
static void
wait_for_news (GMainContext *context,
               guint pace)
{
  GSource *tick = g_timeout_source_new (pace);

  g_source_set_dummy_callback (tick);
  g_source_attach (tick, context);
  g_main_context_iteration (context, TRUE);
  g_source_destroy (tick);
  g_source_unref (tick);
}

static void
own_step (Actor *actor)
{
  LifeStage *stage = actor->stage;
  guint slot = pick (actor, LIFE_N_SLOTS);
  guint what = pick (actor, 1000);
  guint where = pick (actor, 100);
  guint n_iterations = pick (actor, 12);
  guint32 how = g_rand_int (actor->rand);

  if (where < 25)
    {
      if (life_enter (stage->shared))
        {
          act (actor, LIFE_N_OWNERS * LIFE_N_SLOTS + slot, stage->shared, what, how);
          life_leave (stage->shared);
        }
    }
  else if (where == 25)
    {
      life_journal_operation ("replace interpreter", 0, slot);
      replace_interpreter (stage, how % LIFE_N_INTERPRETERS, how >> 31, FALSE);
    }
  else
    {
      act (actor, actor->index * LIFE_N_SLOTS + slot, actor->context, what, how);
    }

  life_journal_operation ("iterate", 0, n_iterations);
  /* Interpreters end one at a time, and who waits for them may wait for us. */
  for (guint i = 0; stage->world->pace > 0 && i < 1000; i++)
    {
      wait_for_news (actor->context, stage->world->pace);
      life_iterate (stage->shared);
      if (atomic_load (&stage->n_closings) <= 8)
        break;
    }
  while (n_iterations-- > 0)
    {
      g_main_context_iteration (actor->context, FALSE);
      life_iterate (stage->shared);
    }
  life_journal_operation (NULL, 0, 0);
}

static void
on_passing_item (SubiterSource *source,
                 GVariant *item,
                 gpointer user_data)
{
}

static void
meddle (Actor *actor,
        Life *life,
        SubiterSource *source,
        guint what,
        guint32 how)
{
  switch (what)
    {
    case 0:
      life_stop_from_afar (life, source);
      break;
    case 1:
      subiter_source_pause (source);
      break;
    case 2:
    case 3:
    case 4:
      subiter_source_resume (source);
      break;
    case 5:
      subiter_source_set_timeout (source, pick_timeout (life->stage, how));
      break;
    case 6:
      subiter_source_set_dispatch_budget (source, 1 + how % 2000);
      break;
    case 7:
      {
        g_autofree char *text = subiter_source_dup_progress_text (source);
        g_autoptr (SubiterFailure) failure = subiter_source_dup_failure (source);

        subiter_source_get_progress (source);
        subiter_interpreter_get_running (subiter_source_get_interpreter (source));
        if (LIFE_CROSSES_CONTEXTS)
          g_signal_handler_disconnect (source, g_signal_connect (source, "item", G_CALLBACK (on_passing_item), NULL));
      }
      break;
    case 8:
      if (LIFE_CROSSES_CONTEXTS && how % 8 == 0)
        life_close_from_afar (life, source);
      break;
    default:
      life_take (life, source, 1 + how % 40);
    }
}

static void
meddler_step (Actor *actor)
{
  static const char *const names[] = { "meddle: stop", "meddle: pause", "meddle: resume", "meddle: resume",
                                       "meddle: resume", "meddle: timeout", "meddle: budget", "meddle: look",
                                       "meddle: close", "meddle: take" };
  LifeStage *stage = actor->stage;
  guint place = pick (actor, LIFE_N_PLACES);
  guint what = pick (actor, 14);
  guint32 how = g_rand_int (actor->rand);
  SubiterSource *source = NULL;
  Life *life;

  subiter_lock (&stage->lock);
  life = stage->visible[place];
  if (life != NULL)
    {
      source = g_object_ref (stage->visible_sources[place]);
      atomic_fetch_add (&life->n_refs, 1);
    }
  subiter_unlock (&stage->lock);

  if (source != NULL)
    {
      life_journal_operation (names[MIN (what, 9)], life->number, (gint64) (how % 1000));
      meddle (actor, life, source, what, how);
      life_unref (life, source);
    }
  gather_one (stage);
  if (stage->world->pace > 0)
    wait_for_news (actor->context, stage->world->pace);
  g_main_context_iteration (actor->context, FALSE);
  life_journal_operation (NULL, 0, 0);
}

/* Everything that came from here has come to its end. */
static gboolean
is_over (LifeStage *stage)
{
  return atomic_load (&stage->n_acting) == 0 && atomic_load (&stage->n_calls) == 0
         && atomic_load (&stage->n_sources) == 0 && atomic_load (&stage->n_interpreters) == 0;
}

static void
empty (LifeStage *stage,
       guint first,
       GMainContext *context)
{
  while (!life_enter (context))
    g_thread_yield ();
  for (guint i = first; i < first + LIFE_N_SLOTS; i++)
    {
      if (stage->places[i] != NULL)
        {
          life_journal_operation ("drop at the end", stage->places[i]->number, i);
          life_drop (stage->places[i]);
        }
    }
  life_leave (context);
}

static void
wait_for_end (Actor *actor)
{
  LifeStage *stage = actor->stage;
  gboolean is_waiting = FALSE;

  atomic_fetch_sub (&stage->n_acting, 1);
  while (!is_over (stage))
    {
      /* What others still do is no reason for concern. */
      if (atomic_load (&stage->n_acting) > 0 || !is_waiting)
        life_journal_operation ("wait for all ends", 0, 0);
      is_waiting = atomic_load (&stage->n_acting) == 0;
      gather_one (stage);
      life_iterate (stage->shared);
      if (!g_main_context_iteration (actor->context, FALSE))
        g_usleep (200);
    }
  /* What was answered last still calls back, and frees what it had. */
  while (g_main_context_iteration (actor->context, FALSE))
    continue;
  life_journal_operation (NULL, 0, 0);
}

static gpointer
owner_main (gpointer data)
{
  Actor *actor = data;
  LifeStage *stage = actor->stage;

  life_journal_open (actor->name);
  actor->context = g_main_context_new ();
  g_main_context_push_thread_default (actor->context);
  for (guint i = 0; i < stage->world->n_steps; i++)
    own_step (actor);

  empty (stage, actor->index * LIFE_N_SLOTS, actor->context);
  /* The last of them lets go of what they share. */
  if (atomic_fetch_sub (&stage->n_owners, 1) == 1)
    {
      empty (stage, LIFE_N_OWNERS * LIFE_N_SLOTS, stage->shared);
      for (guint i = 0; i < LIFE_N_INTERPRETERS; i++)
        replace_interpreter (stage, i, i % 2, TRUE);
    }
  wait_for_end (actor);
  g_main_context_pop_thread_default (actor->context);
  g_main_context_unref (actor->context);

  return NULL;
}

static gpointer
meddler_main (gpointer data)
{
  Actor *actor = data;

  life_journal_open (actor->name);
  actor->context = g_main_context_new ();
  g_main_context_push_thread_default (actor->context);
  while (atomic_load (&actor->stage->n_owners) > 0)
    meddler_step (actor);
  wait_for_end (actor);
  g_main_context_pop_thread_default (actor->context);
  g_main_context_unref (actor->context);

  return NULL;
}

static guint32
get_seed (void)
{
  const char *text = g_getenv ("SUBITER_TEST_SEED");
  guint32 seed = text != NULL ? (guint32) g_ascii_strtoull (text, NULL, 0) : (guint32) g_test_rand_int ();

  g_test_message ("SUBITER_TEST_SEED=%u", seed);

  return seed;
}

/* What only the process can tell: a thread that was there at the end of a life
 * goes by itself, soon. */
static void
wait_for_threads (LifeStage *stage,
                  guint n_threads)
{
  life_journal_operation ("wait for threads", 0, n_threads);
  while (life_count_threads () > n_threads || !stage->world->is_all_gone ())
    g_usleep (1000);
  life_journal_operation (NULL, 0, 0);
}

void
life_run (const LifeWorld *world)
{
  static const char *const names[] = { "owner 1", "owner 2", "meddler 1", "meddler 2" };
  LifeStage stage = { .world = world, .seed = get_seed (), .shared = g_main_context_new () };
  Actor actors[LIFE_N_OWNERS + LIFE_N_MEDDLERS];
  GThread *threads[G_N_ELEMENTS (actors)];
  guint n_threads;

  G_STATIC_ASSERT (G_N_ELEMENTS (names) == G_N_ELEMENTS (actors));

  current_stage = &stage;
  stage.lives = g_ptr_array_new ();
  stage.all_interpreters = g_ptr_array_new_with_free_func (g_free);
  g_mutex_init (&stage.lock);
  g_queue_init (&stage.parting);
  atomic_store (&stage.n_owners, LIFE_N_OWNERS);
  atomic_store (&stage.n_acting, G_N_ELEMENTS (actors));
  life_journal_open ("main");
  life_watch_begin (dump_states);
  /* GLib has some for its tasks, as soon as there is one. */
  g_type_ensure (G_TYPE_TASK);
  n_threads = life_count_other_threads ();

  life_enter (stage.shared);
  for (guint i = 0; i < LIFE_N_INTERPRETERS; i++)
    replace_interpreter (&stage, i, FALSE, FALSE);
  life_leave (stage.shared);

  for (guint i = 0; i < G_N_ELEMENTS (actors); i++)
    {
      actors[i] = (Actor) { .stage = &stage, .name = names[i], .index = i,
                            .rand = g_rand_new_with_seed (stage.seed + i),
                            .cancellables = g_ptr_array_new_with_free_func (g_object_unref) };
      threads[i] = g_thread_new (names[i], i < LIFE_N_OWNERS ? owner_main : meddler_main, &actors[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (actors); i++)
    {
      g_thread_join (threads[i]);
      g_rand_free (actors[i].rand);
      g_ptr_array_unref (actors[i].cancellables);
    }
  wait_for_threads (&stage, n_threads);
  life_watch_end ();

  g_test_message ("%u sources, %u shared interpreters, %d iterations ended, %d of pulling; %d items, %d timeouts, "
                  "%d acts in handlers; %d late",
                  stage.lives->len, stage.all_interpreters->len, atomic_load (&stage.n_ends),
                  atomic_load (&stage.n_epochs), atomic_load (&stage.n_items), atomic_load (&stage.n_timeouts),
                  atomic_load (&stage.n_handler_acts), atomic_load (&stage.n_late));
  for (guint i = 0; i < stage.lives->len; i++)
    life_free (stage.lives->pdata[i]);
  g_ptr_array_unref (stage.lives);
  g_ptr_array_unref (stage.all_interpreters);
  g_main_context_unref (stage.shared);
  g_mutex_clear (&stage.lock);
}
