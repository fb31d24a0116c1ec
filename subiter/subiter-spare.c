/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-spare-private.h"

#include "subiter-reaper-private.h"
#include "subiter-runtime-private.h"
#include "subiter-worker-private.h"

/* What is kept for one runtime, for as long as the process lasts. */
typedef struct
{
  const char *runtime_name;
  guint n_wanted;
  /* the oldest first, each referenced; only the last may not be ready yet */
  GQueue ports;
  /* whether the last one could not be made: the next is made when a worker that is wanted
   * can be */
  gboolean is_broken;
} SpareSet;

static GMutex spare_lock;
/* spare_lock: of type SpareSet; NULL as long as nobody wants any */
static GPtrArray *sets;
/* spare_lock: how many workers of any kind have started and are not ready */
static guint n_starting;
/* spare_lock: whether somebody is about to start one */
static gboolean is_filling;

/* Called with the lock held, as all of these are. (nullable) */
static SpareSet *
find_set (const char *runtime_name)
{
  for (guint i = 0; sets != NULL && i < sets->len; i++)
    {
      SpareSet *set = sets->pdata[i];

      if (g_str_equal (set->runtime_name, runtime_name))
        return set;
    }

  return NULL;
}

static SpareSet *
ensure_set (const char *runtime_name)
{
  SpareSet *set = find_set (runtime_name);

  if (set == NULL)
    {
      set = g_new0 (SpareSet, 1);
      set->runtime_name = runtime_name;
      g_queue_init (&set->ports);
      if (sets == NULL)
        sets = g_ptr_array_new ();
      g_ptr_array_add (sets, set);
    }

  return set;
}

/* (nullable): one that lacks a worker which may be started now. */
static SpareSet *
find_lacking (void)
{
  if (n_starting > 0 || is_filling)
    return NULL;

  for (guint i = 0; sets != NULL && i < sets->len; i++)
    {
      SpareSet *set = sets->pdata[i];

      if (set->ports.length < set->n_wanted && !set->is_broken)
        return set;
    }

  return NULL;
}

/* (transfer full) (nullable): the port of a spare worker that is to be started now. */
static SubiterPort *
begin_filling (void)
{
  SubiterPort *port = NULL;
  SpareSet *set;

  subiter_lock (&spare_lock);
  set = find_lacking ();
  if (set != NULL)
    {
      is_filling = TRUE;
      port = subiter_port_new (set->runtime_name);
      g_queue_push_tail (&set->ports, subiter_port_ref (port));
    }
  subiter_unlock (&spare_lock);

  return port;
}

static void
end_filling (SubiterPort *port,
             gboolean has_started)
{
  gboolean is_spare = FALSE;
  SpareSet *set;

  subiter_lock (&spare_lock);
  is_filling = FALSE;
  if (!has_started)
    {
      set = find_set (subiter_port_get_runtime_name (port));
      set->is_broken = TRUE;
      is_spare = g_queue_remove (&set->ports, port);
    }
  subiter_unlock (&spare_lock);

  if (is_spare)
    subiter_port_unref (port);
}

/* Starts a spare worker if one is lacking. The next one follows when this is ready, which
 * may be so by now. */
void
subiter_spare_fill (void)
{
  SubiterPort *port;

  if (subiter_worker_is_forked () || subiter_worker_refuses_new ())
    return;

  while ((port = begin_filling ()) != NULL)
    {
      g_autoptr (GError) error = NULL;
      gboolean has_started = subiter_worker_start (port, &error);

      /* Somebody may have taken it. */
      if (!has_started)
        subiter_port_exit (port, error);
      end_filling (port, has_started);
      subiter_port_unref (port);
    }
}

/* (transfer full) (nullable): a worker that is ready, or is about to be. It may have been
 * closed, as any that one has. */
SubiterPort *
subiter_spare_take (const char *runtime_name)
{
  SubiterPort *port = NULL;
  SpareSet *set;

  if (subiter_worker_is_forked ())
    return NULL;

  subiter_lock (&spare_lock);
  set = find_set (runtime_name);
  if (set != NULL)
    port = g_queue_pop_head (&set->ports);
  subiter_unlock (&spare_lock);

  if (port != NULL)
    subiter_reaper_ask_for_spares ();

  return port;
}

void
subiter_spare_worker_starts (void)
{
  subiter_lock (&spare_lock);
  n_starting++;
  subiter_unlock (&spare_lock);
}

/* Called with the lock held: whether it is for the reaper to start the next. */
static gboolean
end_start (void)
{
  n_starting--;

  return find_lacking () != NULL;
}

void
subiter_spare_worker_is_ready (SubiterPort *port)
{
  gboolean is_lacking;
  SpareSet *set;

  subiter_lock (&spare_lock);
  set = find_set (subiter_port_get_runtime_name (port));
  if (set != NULL)
    set->is_broken = FALSE;
  is_lacking = end_start ();
  subiter_unlock (&spare_lock);

  if (is_lacking)
    subiter_reaper_ask_for_spares ();
}

void
subiter_spare_worker_ends (SubiterPort *port)
{
  gboolean was_ready = subiter_port_was_ready (port);
  gboolean is_lacking = FALSE;
  gboolean is_spare = FALSE;
  SpareSet *set;

  subiter_lock (&spare_lock);
  set = find_set (subiter_port_get_runtime_name (port));
  if (set != NULL)
    {
      is_spare = g_queue_remove (&set->ports, port);
      if (!was_ready)
        set->is_broken = TRUE;
    }
  if (!was_ready)
    is_lacking = end_start ();
  subiter_unlock (&spare_lock);

  if (is_lacking)
    subiter_reaper_ask_for_spares ();
  if (is_spare)
    subiter_port_unref (port);
}

/**
 * subiter_runtime_get_n_spares:
 * @self: a runtime
 *
 * Gets how many workers are kept ready for interpreters that will need one. This may be
 * called from any thread.
 *
 * Returns: how many
 */
guint
subiter_runtime_get_n_spares (SubiterRuntime *self)
{
  const char *name;
  guint n_spares = 0;
  SpareSet *set;

  g_return_val_if_fail (SUBITER_IS_RUNTIME (self), 0);

  if (subiter_worker_is_forked ())
    return 0;

  name = subiter_runtime_get_name (self);
  subiter_lock (&spare_lock);
  set = name != NULL ? find_set (name) : NULL;
  if (set != NULL)
    n_spares = set->n_wanted;
  subiter_unlock (&spare_lock);

  return n_spares;
}

/**
 * subiter_runtime_set_n_spares:
 * @self: a runtime, from [func@Subiter.Runtime.lookup]
 * @n_spares: how many
 *
 * Sets how many workers are kept ready, none unless this is called. A
 * [class@Subiter.Interpreter] that needs a worker takes one of them rather than wait for
 * its own, and another takes its place after that, when no interpreter is being created.
 * Each costs what a worker that has nothing to do costs: memory and a thread that sleeps.
 *
 * Those that are too many end. After a shutdown, and in a child that was forked, there are
 * none. This may be called from any thread, and does not wait for anything.
 */
void
subiter_runtime_set_n_spares (SubiterRuntime *self,
                              guint n_spares)
{
  GQueue surplus = G_QUEUE_INIT;
  gboolean changed;
  SubiterPort *port;
  SpareSet *set;

  g_return_if_fail (SUBITER_IS_RUNTIME (self));
  g_return_if_fail (subiter_runtime_get_name (self) != NULL);

  if (subiter_worker_is_forked ())
    return;

  subiter_lock (&spare_lock);
  set = ensure_set (subiter_runtime_get_name (self));
  changed = set->n_wanted != n_spares;
  set->n_wanted = n_spares;
  set->is_broken = FALSE;
  while (set->ports.length > n_spares)
    g_queue_push_tail (&surplus, g_queue_pop_tail (&set->ports));
  subiter_unlock (&spare_lock);

  while ((port = g_queue_pop_head (&surplus)) != NULL)
    {
      subiter_reaper_close (port);
      subiter_port_unref (port);
    }
  subiter_spare_fill ();

  if (changed)
    g_object_notify (G_OBJECT (self), "n-spares");
}
