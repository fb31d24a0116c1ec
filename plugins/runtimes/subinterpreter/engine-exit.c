/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "engine-exit-private.h"

#include "engine-guest-private.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

/* Leaving interpreters behind, and what it rests on.
 *
 * Py_FinalizeEx () ends every interpreter that is left: it warns, waits for the
 * GIL of each, and throws away the states of its threads. With one that sits in
 * C with its GIL it hangs; with one whose thread lives it crashes. Nothing public
 * takes an interpreter out of the chain that it walks. So this does, with the
 * offsets that CPython publishes for debuggers:
 *
 * - The table of offsets is stable between patch versions of a minor version,
 *   by its own comment, and its start has been the same since 3.13. An engine is
 *   built for one minor version; the table has to name exactly the version that
 *   runs, and what it leads to has to be what PyInterpreterState_Head () and
 *   PyInterpreterState_Next () say.
 * - The chain is changed under the lock that CPython's own HEAD_LOCK () takes,
 *   so that a thread of the program that makes, ends or lists interpreters of
 *   its own at this moment sees one chain or the other. The table does not name
 *   the lock. It is the word before the head in 3.13, 3.14 and 3.15, and the
 *   distance from there to the field before it, which the table does name, is
 *   checked. It is held by others for a few instructions only, and so it is tried
 *   for a while and never waited for.
 * - There is no stop-the-world to take part in: in a build with a GIL, which is
 *   the only one that an engine is built for, that does nothing.
 * - This happens in a function of the atexit module, before Py_FinalizeEx ()
 *   counts as having begun. 3.15 looks at the chain in a loop with those
 *   functions; 3.13 and 3.14 look at it after the threads have been cut off.
 *   Either way it comes after this.
 * - An interpreter that was taken out is never freed, nor is its GIL, which it
 *   owns, and its memory is from its own allocator: threads that are in it go on
 *   safely, until they want a GIL and never get it.
 * - PyInterpreterState_Delete () aborts where it does not find its interpreter in
 *   the chain. Nobody gets there any more: what ends interpreters passes through
 *   the gate of engine-host.c, which is shut by now, and needs a GIL that is taken.
 *   The one thread that may be in the gate already needs to take GILs again on
 *   its way, and after this returns there is no more than a moment for that.
 *
 * Where any of these does not hold, nothing is touched, and Python does what it
 * does. */

/* How long to wait for their GILs, in µs. */
#define FREEZE_PATIENCE (250 * G_TIME_SPAN_MILLISECOND)
/* How long to try for the lock of the chain, in µs. */
#define CHAIN_PATIENCE (100 * G_TIME_SPAN_MILLISECOND)
/* More interpreters than this in a chain, and it is none. */
#define MAX_INTERPRETERS 100000
/* What CPython answers for an interpreter that its module made: a constant of
 * 3.13, 3.14 and 3.15, which the module itself shows to Python code. */
#define WHENCE_STDLIB 5
/* The bits of a PyMutex, by its header. */
#define MUTEX_LOCKED 1
#define MUTEX_ALL_BITS 3

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
    guint64 threads_head;
  } interpreter;
} DebugOffsets;

/* What stands from there to the head of the chain. */
typedef struct
{
  PyThreadState *finalizing;
  unsigned long finalizing_id;
  PyMutex mutex;
  PyInterpreterState *head;
} Neighbours;

static GMutex lock;
static GCond frozen;
/* lock: the interpreters that live; NULL for none */
static GPtrArray *interpreters;
/* lock: threads that are ending one, while others have passed them by; NULL for none */
static GArray *passed;
/* lock */
static guint n_frozen;
/* set once, before there are interpreters: looking it up may take locks */
static const DebugOffsets *offsets_in_child;

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

void
engine_exit_pass (unsigned long thread_id)
{
  g_mutex_lock (&lock);
  if (passed == NULL)
    passed = g_array_new (FALSE, FALSE, sizeof (unsigned long));
  g_array_append_val (passed, thread_id);
  g_mutex_unlock (&lock);
}

void
engine_exit_end_pass (unsigned long thread_id)
{
  g_mutex_lock (&lock);
  for (guint i = 0; passed != NULL && i < passed->len; i++)
    {
      if (g_array_index (passed, unsigned long, i) == thread_id)
        g_array_remove_index_fast (passed, i);
    }
  if (passed != NULL && passed->len == 0)
    g_clear_pointer (&passed, g_array_unref);
  g_mutex_unlock (&lock);
}

static gpointer
freezing_thread (gpointer user_data)
{
  PyThreadState *thread_state = engine_guest_new (user_data);

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

/* Code may make interpreters that share the program's own GIL. What says so is the same in
 * 3.13, 3.14 and 3.15. */
static gboolean
has_own_gil (PyInterpreterState *interpreter)
{
  int (*get_config) (PyInterpreterConfig *, PyInterpreterState *) =
      (int (*) (PyInterpreterConfig *, PyInterpreterState *)) dlsym (RTLD_DEFAULT,
                                                                     "_PyInterpreterConfig_InitFromState");
  PyInterpreterConfig config;

  return get_config != NULL && get_config (&config, interpreter) == 0 && config.gil == PyInterpreterConfig_OWN_GIL;
}

/* Takes the GIL of each interpreter that has one and keeps it, so that none of its threads
 * runs Python code while Python goes to pieces around it. A thread that sits in
 * C with its GIL is stopped when it comes back, if it does. Called with the
 * lock held. */
static void
freeze_interpreters (void)
{
  gint64 deadline = g_get_monotonic_time () + FREEZE_PATIENCE;
  guint n_begun = 0;

  for (guint i = 0; i < interpreters->len; i++)
    {
      GThread *thread;

      if (!has_own_gil (interpreters->pdata[i]))
        continue;

      thread = g_thread_try_new ("subiter-freeze", freezing_thread, interpreters->pdata[i], NULL);
      if (thread != NULL)
        n_begun++;
      g_clear_pointer (&thread, g_thread_unref);
    }

  while (n_frozen < n_begun)
    {
      if (!g_cond_wait_until (&frozen, &lock, deadline))
        break;
    }
}

static const DebugOffsets *
find_offsets (void)
{
  const DebugOffsets *offsets = dlsym (RTLD_DEFAULT, "_PyRuntime");

  if (offsets == NULL || memcmp (offsets->cookie, "xdebugpy", sizeof offsets->cookie) != 0
      || offsets->version != Py_Version || offsets->free_threaded)
    return NULL;
  if (offsets->runtime.interpreters_head + sizeof (void *) > offsets->runtime.size
      || offsets->interpreter.next + sizeof (void *) > offsets->interpreter.size
      || offsets->interpreter.threads_head + sizeof (void *) > offsets->interpreter.size)
    return NULL;
  if (offsets->runtime.interpreters_head - offsets->runtime.finalizing != offsetof (Neighbours, head))
    return NULL;

  return offsets;
}

static void *
get_field (const void *object,
           guint64 offset)
{
  return (char *) object + offset;
}

static PyInterpreterState **
get_next (const DebugOffsets *offsets,
          PyInterpreterState *interpreter)
{
  return get_field (interpreter, offsets->interpreter.next);
}

/* Whether the chain of interpreters, read by the offsets, is what the public
 * functions say that it is. */
static gboolean
check_chain (const DebugOffsets *offsets)
{
  const Neighbours *neighbours = get_field (offsets, offsets->runtime.finalizing);
  PyInterpreterState *interpreter = neighbours->head;

  if (interpreter == NULL || interpreter != PyInterpreterState_Head ())
    return FALSE;

  for (guint i = 0; interpreter != NULL && i < MAX_INTERPRETERS; i++)
    {
      PyThreadState **threads = get_field (interpreter, offsets->interpreter.threads_head);
      PyInterpreterState *next = *get_next (offsets, interpreter);

      if (next != PyInterpreterState_Next (interpreter) || *threads != PyInterpreterState_ThreadHead (interpreter))
        return FALSE;
      interpreter = next;
    }

  return interpreter == NULL;
}

/* PyMutex_Lock () has no limit of time. */
static gboolean
lock_chain (PyMutex *mutex)
{
  gint64 deadline = g_get_monotonic_time () + CHAIN_PATIENCE;

  do
    {
      guint8 bits = __atomic_load_n (&mutex->_bits, __ATOMIC_RELAXED);

      if (bits > MUTEX_ALL_BITS)
        return FALSE;
      if (!(bits & MUTEX_LOCKED)
          && __atomic_compare_exchange_n (&mutex->_bits, &bits, bits | MUTEX_LOCKED, FALSE, __ATOMIC_ACQUIRE,
                                          __ATOMIC_RELAXED))
        return TRUE;
      g_usleep (100);
    }
  while (g_get_monotonic_time () < deadline);

  return FALSE;
}

/* Whether that thread is in an interpreter other than the main one: such as one
 * that it is just creating or ending, which is not among those that live. With
 * the chain locked. */
static gboolean
has_thread (const DebugOffsets *offsets,
            PyInterpreterState *interpreter,
            unsigned long thread_id)
{
  PyThreadState *thread = *(PyThreadState **) get_field (interpreter, offsets->interpreter.threads_head);

  if (thread_id == 0 || interpreter == PyInterpreterState_Main ())
    return FALSE;
  while (thread != NULL && thread->thread_id != thread_id)
    thread = thread->next;

  return thread != NULL;
}

/* Likewise. */
static gboolean
is_passed (const DebugOffsets *offsets,
           PyInterpreterState *interpreter)
{
  for (guint i = 0; passed != NULL && i < passed->len; i++)
    {
      if (has_thread (offsets, interpreter, g_array_index (passed, unsigned long, i)))
        return TRUE;
    }

  return FALSE;
}

/* Interpreters that code of workers has made, by Python's own module for that, and
 * that have outlived it, or are at work in a thread that was given up. They go the
 * same way. If the program has made such ones too, those that nobody is in are left
 * to Python: it has something to say about them. */
static void
add_nested_interpreters (gboolean has_own)
{
  long (*get_whence) (PyInterpreterState *) =
      (long (*) (PyInterpreterState *)) dlsym (RTLD_DEFAULT, "_PyInterpreterState_GetWhence");

  if (get_whence == NULL)
    return;

  for (PyInterpreterState *i = PyInterpreterState_Head (); i != NULL; i = PyInterpreterState_Next (i))
    {
      if (get_whence (i) != WHENCE_STDLIB || (has_own && PyInterpreterState_ThreadHead (i) == NULL))
        continue;

      if (interpreters == NULL)
        interpreters = g_ptr_array_new ();
      g_ptr_array_add (interpreters, i);
    }
}

/* With the lock held, and the chain's. */
static void
unlink_interpreters (const DebugOffsets *offsets,
                     Neighbours *neighbours,
                     unsigned long thread_id)
{
  PyInterpreterState **slot = &neighbours->head;

  while (*slot != NULL)
    {
      PyInterpreterState **next = get_next (offsets, *slot);

      if ((interpreters != NULL && g_ptr_array_find (interpreters, *slot, NULL))
          || is_passed (offsets, *slot) || has_thread (offsets, *slot, thread_id))
        *slot = *next;
      else
        slot = next;
    }
}

/* Called where the program's Python is about to end, by a thread that holds no
 * GIL, when those that still live have had their time. @thread_id is that of a
 * thread that has been creating or ending one for too long, or 0. That one is
 * not frozen: a further thread in it would be an error to Python where it ends.
 * @has_own: whether the program itself may have made interpreters. */
void
engine_exit_leave_behind (unsigned long thread_id,
                          gboolean has_own)
{
  const DebugOffsets *offsets;

  g_mutex_lock (&lock);
  add_nested_interpreters (has_own);
  offsets = interpreters != NULL || passed != NULL || thread_id != 0 ? find_offsets () : NULL;
  if (offsets != NULL && check_chain (offsets))
    {
      Neighbours *neighbours = get_field (offsets, offsets->runtime.finalizing);

      if (interpreters != NULL)
        freeze_interpreters ();
      if (lock_chain (&neighbours->mutex))
        {
          unlink_interpreters (offsets, neighbours, thread_id);
          PyMutex_Unlock (&neighbours->mutex);
        }
    }
  g_mutex_unlock (&lock);
}

/* Only the thread that forked is in the child, and what the others kept there is
 * kept for ever. Python re-initialises its own locks, and then deletes all
 * interpreters but the main one: from a thread that is not attached to them, which
 * crashes where they own their allocator and their types. So they are taken out
 * before it looks, all of them, at the price of memory that the child does
 * not need. This is before fork () returns. */
static void
unlink_in_child (void)
{
  Neighbours *neighbours = get_field (offsets_in_child, offsets_in_child->runtime.finalizing);
  PyInterpreterState **slot = &neighbours->head;

  while (*slot != NULL)
    {
      if (*slot == PyInterpreterState_Main ())
        slot = get_next (offsets_in_child, *slot);
      else
        *slot = *get_next (offsets_in_child, *slot);
    }
}

/* For a program that forks without an exec, by os.fork () or by multiprocessing.
 * Called once, attached to the main interpreter. */
void
engine_exit_watch_forks (void)
{
  offsets_in_child = find_offsets ();
  if (offsets_in_child != NULL && check_chain (offsets_in_child))
    pthread_atfork (NULL, NULL, unlink_in_child);
}
