/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine-exit-private.h"

#include <dlfcn.h>
#include <string.h>
#include <unistd.h>

/* How long to wait for their GILs, in µs. */
#define FREEZE_PATIENCE (250 * G_TIME_SPAN_MILLISECOND)
/* More interpreters than this in a chain, and it is none. */
#define MAX_INTERPRETERS 100000

static GMutex lock;
static GCond frozen;
/* lock: the interpreters that live; NULL for none */
static GPtrArray *interpreters;
/* lock */
static guint n_frozen;

/* The start of what CPython tells debuggers about its layout: the first thing
 * in _PyRuntime, and the same since 3.13. */
typedef struct
{
  char cookie[8];
  guint64 version;
  guint64 free_threaded;
  struct
  {
    guint64 size;
    guint64 finalizing;
    guint64 interpreters_head;
  } runtime;
  struct
  {
    guint64 size;
    guint64 id;
    guint64 next;
  } interpreter;
} DebugOffsets;

void
engine_exit_add (PyInterpreterState *interpreter)
{
  g_mutex_lock (&lock);
  if (interpreters == NULL)
    interpreters = g_ptr_array_new ();
  g_ptr_array_add (interpreters, interpreter);
  g_mutex_unlock (&lock);
}

void
engine_exit_remove (PyInterpreterState *interpreter)
{
  g_mutex_lock (&lock);
  g_ptr_array_remove_fast (interpreters, interpreter);
  if (interpreters->len == 0)
    g_clear_pointer (&interpreters, g_ptr_array_unref);
  g_mutex_unlock (&lock);
}

static gpointer
freezing_thread (gpointer user_data)
{
  PyThreadState *thread_state = PyThreadState_New (user_data);

  if (thread_state == NULL)
    return NULL;

  PyEval_RestoreThread (thread_state);
  g_mutex_lock (&lock);
  n_frozen++;
  g_cond_signal (&frozen);
  g_mutex_unlock (&lock);

  for (;;)
    pause ();

  return NULL;
}

/* Takes the GIL of each interpreter and keeps it, so that none of its threads
 * runs Python code while Python goes to pieces around it. A thread that sits in
 * C with its GIL is stopped when it comes back, if it does. Called with the
 * lock held. */
static void
freeze_interpreters (void)
{
  gint64 deadline = g_get_monotonic_time () + FREEZE_PATIENCE;

  for (guint i = 0; i < interpreters->len; i++)
    {
      GThread *thread = g_thread_try_new ("subiter-freeze", freezing_thread, interpreters->pdata[i], NULL);

      g_clear_pointer (&thread, g_thread_unref);
    }

  while (n_frozen < interpreters->len)
    {
      if (!g_cond_wait_until (&frozen, &lock, deadline))
        break;
    }
}

static const DebugOffsets *
find_offsets (void)
{
  const DebugOffsets *offsets = dlsym (RTLD_DEFAULT, "_PyRuntime");

  if (offsets == NULL || memcmp (offsets->cookie, "xdebugpy", 8) != 0 || offsets->version != Py_Version)
    return NULL;
  if (offsets->runtime.interpreters_head + sizeof (void *) > offsets->runtime.size
      || offsets->interpreter.next + sizeof (void *) > offsets->interpreter.size)
    return NULL;

  return offsets;
}

static PyInterpreterState **
get_slot (const void *object,
          guint64 offset)
{
  return (PyInterpreterState **) (void *) ((char *) object + offset);
}

/* Whether the chain of interpreters, read by the offsets, is what the public
 * functions say that it is. */
static gboolean
check_chain (const DebugOffsets *offsets)
{
  PyInterpreterState *interpreter = *get_slot (offsets, offsets->runtime.interpreters_head);

  if (interpreter != PyInterpreterState_Head ())
    return FALSE;

  for (guint i = 0; interpreter != NULL && i < MAX_INTERPRETERS; i++)
    {
      PyInterpreterState *next = *get_slot (interpreter, offsets->interpreter.next);

      if (next != PyInterpreterState_Next (interpreter))
        return FALSE;
      interpreter = next;
    }

  return interpreter == NULL;
}

/* Called with the lock held. */
static void
unlink_interpreters (const DebugOffsets *offsets)
{
  PyInterpreterState **slot = get_slot (offsets, offsets->runtime.interpreters_head);

  while (*slot != NULL)
    {
      PyInterpreterState **next = get_slot (*slot, offsets->interpreter.next);

      if (g_ptr_array_find (interpreters, *slot, NULL))
        *slot = *next;
      else
        slot = next;
    }
}

/* Called where the program's Python is about to end, by a thread that holds no
 * GIL, when those that still live have had their time. Python would wait for
 * their GILs and their threads, for ever if it must, and warn about them: so
 * they are frozen and taken out of its sight. Its functions have nothing for
 * that, but its description for debuggers says where the chain of them is.
 * Without that, Python does what it does. */
void
engine_exit_leave_behind (void)
{
  const DebugOffsets *offsets;

  g_mutex_lock (&lock);
  offsets = interpreters != NULL ? find_offsets () : NULL;
  if (offsets != NULL && check_chain (offsets))
    {
      freeze_interpreters ();
      unlink_interpreters (offsets);
    }
  g_mutex_unlock (&lock);
}
