/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * subiter-wakeup.c, and what of GLib it stands on. */

/* g_cond_broadcast (&wakeup->cond) */
inline wake_waiting ()
{
  d_step {
    if
    :: n_waiting > 0 ->
#ifdef SIGNAL_ONE_WAITING
       if
       :: N_THREADS > 2 && waits[OTHER] -> waits[OTHER] = 0
#if NEXTS > 1
       :: else -> waits[OTHER + 1] = 0
#endif
       fi
#else
#if NEXTS > 0
       waits[OTHER] = 0;
#endif
#if NEXTS > 1
       waits[OTHER + 1] = 0;
#endif
#endif
       skip
    :: else
    fi
  }
}

/* subiter_wakeup_notify_data () */
inline notify_data ()
{
#ifndef NO_FENCE_NOTIFY_DATA
  fence ();
#endif
  if
  :: load (ARMED) ->
     atomic { drained () -> exchange (flag, ARMED, 0) };
     if
     :: flag ->
        flag = 0;
#ifdef NOTIFY_DATA_WITHOUT_LOCK
        is_ready = 1;
        wake_waiting ()
#else
        lock (WAKEUP_LOCK);
#ifndef NOTIFY_DATA_FORGETS_CONTEXT
        is_ready = 1;
#endif
#ifndef NOTIFY_DATA_FORGETS_WAITING
        wake_waiting ();
#endif
        unlock (WAKEUP_LOCK)
#endif
     :: else
     fi
  :: else
  fi
}

/* subiter_wakeup_notify () */
inline notify ()
{
#ifdef PENDING_AFTER_READY
  lock (WAKEUP_LOCK);
  if
  :: !load (PENDING) -> is_ready = 1
  :: else
  fi;
  wake_waiting ();
  unlock (WAKEUP_LOCK);
  atomic { drained () -> memory[PENDING] = 1 }
#else
  atomic { drained () -> exchange (flag, PENDING, 1) };
  lock (WAKEUP_LOCK);
  atomic {
    if
    :: !flag -> is_ready = 1
    :: else
    fi;
    flag = 0
  };
#ifndef NOTIFY_FORGETS_WAITING
  wake_waiting ();
#endif
  unlock (WAKEUP_LOCK)
#endif
}

/* subiter_wakeup_begin () */
inline begin ()
{
  atomic { drained () -> memory[PENDING] = 0 }
}

/* subiter_wakeup_arm () */
inline arm ()
{
  store (ARMED, 1);
#ifndef NO_FENCE_ARM
  fence ()
#endif
}

/* subiter_wakeup_sleep (): for ever, or not at all */
inline sleep (ready)
{
  lock (WAKEUP_LOCK);
  is_ready = ready;
  unlock (WAKEUP_LOCK);
#ifndef NO_FENCE_SLEEP
  fence ()
#endif
}
