/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-lease-private.h"

#include "subiter-sync-private.h"

/* What a GBytes does at its end is the application's own, a destroy-notify such as a binding's,
 * and must not happen on the thread of a worker, nor on one that its code made. So the one
 * that a worker has is another GBytes, of the same memory. When that ends, the
 * application's is given back where it came from: in the main context that was the
 * thread's default one then, or by the thread itself.
 *
 * A program may never iterate that main context: one that takes items in a loop of its
 * own has no need to. So what waits for it there is also given back when the same thread
 * leases the next bytes, and no more than one round of it can pile up. */

typedef struct
{
  GBytes *bytes;
  GMainContext *context;
  guint64 thread_id;
  /* lock: what gives it back, while that waits to be dispatched */
  GSource *source;
} Lease;

static GMutex lock;
/* lock: those that wait; NULL for none */
static GPtrArray *waiting;

/* Threads that came and went may have had the same address. */
static guint64
get_thread_id (void)
{
  static _Atomic guint64 last_id;
  static _Thread_local guint64 id;

  if (id == 0)
    id = ++last_id;

  return id;
}

static void
lease_free (Lease *lease)
{
  g_bytes_unref (lease->bytes);
  g_main_context_unref (lease->context);
  g_clear_pointer (&lease->source, g_source_unref);
  g_free (lease);
}

/* The notify of the source: once, when that is dispatched or destroyed. */
static void
end_wait (gpointer data)
{
  Lease *lease = data;

  subiter_lock (&lock);
  g_ptr_array_remove_fast (waiting, lease);
  if (waiting->len == 0)
    g_clear_pointer (&waiting, g_ptr_array_unref);
  subiter_unlock (&lock);

  lease_free (lease);
}

static gboolean
dispatch (gpointer data)
{
  return G_SOURCE_REMOVE;
}

static void
begin_wait (Lease *lease)
{
  g_autoptr (GSource) source = g_idle_source_new ();
  g_autoptr (GMainContext) context = g_main_context_ref (lease->context);

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_static_name (source, "[subiter] bytes given back");
  g_source_set_callback (source, dispatch, lease, end_wait);

  subiter_lock (&lock);
  lease->source = g_source_ref (source);
  if (waiting == NULL)
    waiting = g_ptr_array_new ();
  g_ptr_array_add (waiting, lease);
  subiter_unlock (&lock);

  /* From here on the lease is the source's. */
  g_source_attach (source, context);
}

static void
give_back (gpointer data)
{
  Lease *lease = data;

  if (lease->thread_id == get_thread_id () || g_main_context_is_owner (lease->context))
    lease_free (lease);
  else
    begin_wait (lease);
}

/* (transfer full) (nullable) */
static GSource *
dup_source_of_thread (guint64 thread_id)
{
  GSource *source = NULL;

  subiter_lock (&lock);
  for (guint i = 0; source == NULL && waiting != NULL && i < waiting->len; i++)
    {
      Lease *lease = waiting->pdata[i];

      if (lease->thread_id == thread_id && !g_source_is_destroyed (lease->source))
        source = g_source_ref (lease->source);
    }
  subiter_unlock (&lock);

  return source;
}

static void
collect (guint64 thread_id)
{
  GSource *source;

  while ((source = dup_source_of_thread (thread_id)) != NULL)
    {
      g_source_destroy (source);
      g_source_unref (source);
    }
}

/* (transfer full): the memory of @bytes, which the last reference to it keeps, whichever
 * thread that is dropped by. */
GBytes *
subiter_lease_new (GBytes *bytes)
{
  Lease *lease = g_new0 (Lease, 1);
  gconstpointer data;
  gsize size;

  lease->bytes = g_bytes_ref (bytes);
  lease->context = g_main_context_ref_thread_default ();
  lease->thread_id = get_thread_id ();
  collect (lease->thread_id);
  data = g_bytes_get_data (bytes, &size);

  return g_bytes_new_with_free_func (data, size, give_back, lease);
}
