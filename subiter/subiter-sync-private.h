/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>
#include <stdatomic.h>

G_BEGIN_DECLS

#if defined(__SANITIZE_THREAD__)
#define SUBITER_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SUBITER_TSAN 1
#endif
#endif

/* GLib's locks are built on futexes inside a library that is not
 * instrumented, so ThreadSanitizer does not see what they order. The wrappers
 * here tell it; in every other build they are the GLib calls.
 *
 * The same goes for the reference count of an object: subiter_sync_release () comes
 * before a g_object_unref () that may not be the last, and
 * subiter_sync_acquired () first in dispose and finalize. */
#ifdef SUBITER_TSAN
void __tsan_acquire (void *addr);
void __tsan_release (void *addr);
#define subiter_sync_acquired(address) __tsan_acquire ((void *) (address))
#define subiter_sync_release(address) __tsan_release ((void *) (address))
#else
#define subiter_sync_acquired(address) ((void) (address))
#define subiter_sync_release(address) ((void) (address))
#endif

/* Orders what was stored before it and what is loaded after it, against another
 * thread that does the same. ThreadSanitizer does not model fences: it gets a
 * read-modify-write, which is as good a fence for the processor, and is relaxed so
 * that it does not make the tool see an order between threads that only the
 * protocol's own acquire and release may make. */
static inline void
subiter_full_fence (void)
{
#ifdef SUBITER_TSAN
  static _Atomic int fence;

  atomic_signal_fence (memory_order_seq_cst);
  atomic_fetch_add_explicit (&fence, 1, memory_order_relaxed);
  atomic_signal_fence (memory_order_seq_cst);
#else
  atomic_thread_fence (memory_order_seq_cst);
#endif
}

static inline void
subiter_lock (GMutex *mutex)
{
  g_mutex_lock (mutex);
  subiter_sync_acquired (mutex);
}

static inline void
subiter_unlock (GMutex *mutex)
{
  subiter_sync_release (mutex);
  g_mutex_unlock (mutex);
}

static inline void
subiter_cond_wait (GCond *cond,
                   GMutex *mutex)
{
  subiter_sync_release (mutex);
  g_cond_wait (cond, mutex);
  subiter_sync_acquired (mutex);
}

/* Waits until @deadline on the monotonic clock in µs, or for ever if that is
 * negative. FALSE: the deadline has passed. */
static inline gboolean
subiter_cond_wait_until (GCond *cond,
                         GMutex *mutex,
                         gint64 deadline)
{
  gboolean woken = TRUE;

  subiter_sync_release (mutex);
  if (deadline < 0)
    g_cond_wait (cond, mutex);
  else
    woken = g_cond_wait_until (cond, mutex, deadline);
  subiter_sync_acquired (mutex);

  return woken;
}

G_END_DECLS
