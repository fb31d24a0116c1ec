/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One iteration: a worker that pushes items, a main loop or threads in next () that
 * take them, and others that stop, pause, close and abandon it. README.md says
 * what the switches are and which are mistakes made on purpose. */

#ifndef CAPACITY
#define CAPACITY 1
#endif
#ifndef ITEMS
#define ITEMS 2
#endif
/* threads that call subiter_source_stop () */
#ifndef STOPS
#define STOPS 0
#endif
/* whether a handler of the main loop may call it too */
#ifndef HANDLER_STOPS
#define HANDLER_STOPS 0
#endif
/* threads that close the interpreter of a source that is not stopped */
#ifndef CLOSES
#define CLOSES 0
#endif
/* threads of the reaper that abandon the worker */
#ifndef ABANDONS
#define ABANDONS 0
#endif
/* threads that pause and resume */
#ifndef PAUSES
#define PAUSES 0
#endif
/* threads that call subiter_source_next () until it gives nothing */
#ifndef NEXTS
#define NEXTS 0
#endif
/* calls of subiter_source_next_async () that are under way at a time */
#ifndef REQUESTS
#define REQUESTS 0
#endif

/* how many items a call takes at most; 0: a single one, by subiter_source_next () */
#ifndef BATCH
#define BATCH 0
#endif
/* how often a wait for a batch is interrupted: subiter_source_poll_batch () */
#ifndef INTERRUPTS
#define INTERRUPTS 0
#endif
/* how many items the dispatch copies out of the ring together */
#ifndef HAND
#define HAND 1
#endif
/* 1: items are collected for the signal "items" */
#ifndef ARRAYS
#define ARRAYS 0
#endif

#define PULLS (NEXTS + REQUESTS > 0)
#define OTHERS (STOPS + CLOSES + ABANDONS + PAUSES + NEXTS)
#define IS_CUT (STOPS + HANDLER_STOPS + CLOSES + ABANDONS > 0)

/* the ring's slots are a power of two */
#if CAPACITY > 4
#define N_SLOTS 8
#elif CAPACITY > 2
#define N_SLOTS 4
#else
#define N_SLOTS CAPACITY
#endif

/* threads */
#define WORKER 0
#define MAIN 1
#define OTHER 2
#define N_THREADS (2 + OTHERS)

/* locations; the first are mutexes, in the order in which they are taken */
#define PULL_LOCK 0
#define SOURCE_LOCK 1
#define WAKEUP_LOCK 2
#define RING_LOCK 3
#define TAIL 4
#define HEAD 5
#define PARKED 6
#define CLOSED 7
#define STOPPING 8
#define ENDED 9
#define ARMED 10
#define PENDING 11
#define SLOTS 12
#define N_LOCATIONS (SLOTS + N_SLOTS)

#include "memory.pml"

/* SubiterRing: the consumer's own, whoever that is at the time */
byte head, cached_tail, n_unsettled;
/* SubiterRun.lock: whether somebody has ended it */
bit has_ender;
/* SubiterWakeup.lock, and GLib's: whether the ready time is 0, and who waits */
bit is_ready = 1;
byte n_waiting;
/* SubiterSource.lock */
#define RUNNING 0
#define PAUSED 1
#define OVER 2
bit has_run = 1;
bit has_winding;
byte state = RUNNING;
byte generation;
byte n_ends;
byte n_requests = REQUESTS;
byte n_over_requests;

/* what the application has seen */
byte received;
byte signalled;
byte n_answers;
byte n_calls = REQUESTS;
bit stopped_by_handler;
/* the dispatch's, and what came of it */
byte n_collected, n_shown;
byte n_interrupts = INTERRUPTS;

#include "wakeup.pml"
#include "ring.pml"
#include "source.pml"

/* ---- the worker: push_value () and push_items () in engine-run.c ---- */

active proctype worker ()
{
  byte me = WORKER;
  byte tail, cached_head, item = 1;
  bit flag;

  me = WORKER;
  do
  :: item > ITEMS -> break
  :: else ->
     /* subiter_run_try_push () */
     if
     :: load (STOPPING) -> break
     :: else
     fi;
     if
     :: tail - cached_head >= CAPACITY -> cached_head = load (HEAD)
     :: else
     fi;
     if
     :: tail - cached_head >= CAPACITY ->
        if
        :: spin_for_space (); goto has_room
        :: wait_for_space ()
        fi
     :: else ->
has_room:
        push (item);
        notify_data ();
        item++
     fi
  od;
  run_end ()
}

/* ---- the main loop ---- */

active proctype main_loop ()
{
  byte me;
  byte value, number, seen_generation;
  bit flag, settles, has_ended, again, waits_for_items;
#if BATCH > 0
  byte taken;
#endif
#if !PULLS
  byte hand[HAND], n_hand, n_delivered;
#endif

  me = MAIN;
  do
  :: signalled == 0 || n_calls > 0 ->
     if
     :: is_ready -> dispatch ()
#if REQUESTS > 0
     /* The callback asks for the next item: add_request (). Then on_completed (). */
     :: n_answers > 0 ->
        atomic {
          locked (SOURCE_LOCK) ->
          if
          :: has_run -> n_requests++
          :: else -> n_over_requests++
          fi
        };
#ifndef REQUEST_DOES_NOT_NOTIFY
        notify ();
#endif
        n_answers--;
#ifndef REQUEST_DOES_NOT_NOTIFY
        notify ()
#endif
#endif
     fi
  :: else ->
end_idle:
     if
     :: is_ready -> dispatch ()
     fi
  od
}

/* ---- subiter-source-pull.c ---- */

/* What wait_is_over () sees while it is spun: in vain, it is as if it had not been. */
#define has_news \
  (generation != seen_generation || !is_paused && (load (HEAD) != load (TAIL) || load (ENDED)))

/* try_next () until there is nothing any more */
proctype next_caller (byte me)
{
  byte value, number, seen_generation;
  bit flag, settles, has_ended, is_paused;
#if BATCH > 0
  byte taken;
#endif
#if INTERRUPTS > 0
  bit was_woken;
#endif

  do
  :: atomic {
       locked (SOURCE_LOCK) ->
       if
       :: has_run -> is_paused = (state == PAUSED); seen_generation = generation
       :: else -> break
       fi
     };
     if
     :: !is_paused ->
        has_ended = load (ENDED);
        take_items ();
        if
        :: flag -> flag = 0; goto next
        :: else
        fi;
        if
        :: has_ended ->
           atomic {
             locked (SOURCE_LOCK) && drained () ->
             if
             :: has_run -> source_end ()
             :: else
             fi
           };
           notify ();
           goto next
        :: else
        fi
     :: else
     fi;

     /* subiter_wakeup_wait () with wait_is_over () */
     if
     :: has_news -> goto next
     :: lock (WAKEUP_LOCK)
     fi;
     n_waiting++;
     do
     ::
#ifndef WAIT_LOOKS_BEFORE_ARM
        arm ();
#endif
        if
        :: is_paused -> flag = 0
        :: else ->
           is_empty ();
           atomic { flag = !flag };
           if
           :: !flag -> flag = load (ENDED)
           :: else
           fi
        fi;
#ifdef WAIT_LOOKS_BEFORE_ARM
        arm ();
#endif
#ifndef WAIT_IGNORES_GENERATION
        if
        :: generation != seen_generation -> flag = 1
        :: else
        fi;
#endif
        if
        :: flag -> break
#if INTERRUPTS > 0
        :: !flag && was_woken -> break
        :: !flag && !was_woken ->
           atomic { waits[me] = 1; unlock (WAKEUP_LOCK) };
           atomic {
             if
             :: waits[me] == 0
             /* a signal handler, on this thread */
             :: n_interrupts > 0 -> n_interrupts--; waits[me] = 0
             fi;
             was_woken = 1
           };
           lock (WAKEUP_LOCK)
#else
        :: else -> cond_wait (WAKEUP_LOCK)
#endif
        fi
     od;
     n_waiting--;
     unlock (WAKEUP_LOCK);
next:
     atomic { flag = 0; has_ended = 0; is_paused = 0; seen_generation = 0
#if INTERRUPTS > 0
       ; was_woken = 0
#endif
     }
  od
}

/* ---- others ---- */

proctype stopper (byte me)
{
  bit flag;

  stop ()
}

/* subiter_reaper_close (): the source is left to find out. */
proctype closer (byte me)
{
  bit flag;

  run_stop ()
}

/* leave () in subiter-port.c */
proctype reaper (byte me)
{
  bit flag;

  run_stop ();
  run_end ()
}

/* subiter_source_pause () and subiter_source_resume () */
proctype pauser (byte me)
{
  bit flag;

  atomic {
    locked (SOURCE_LOCK) ->
    if
    :: state == RUNNING -> state = PAUSED; generation++
    :: else
    fi
  };
  notify ();
#ifdef RESTS
  /* It lasts until there is nothing left to do for anybody: a producer that still waits would
   * not find room for a batch. */
  atomic { timeout -> assert (!waits[WORKER] || !(IS_HALF_FREE (load (TAIL) - load (HEAD)))) };
#endif
  atomic {
    locked (SOURCE_LOCK) ->
    if
    :: state == PAUSED -> state = RUNNING; generation++
    :: else
    fi
  };
#ifndef RESUME_DOES_NOT_NOTIFY
  notify ()
#else
  skip
#endif
}

init
{
  atomic {
#if NEXTS > 0
    run next_caller (OTHER);
#endif
#if NEXTS > 1
    run next_caller (OTHER + 1);
#endif
#if STOPS > 0
    run stopper (OTHER + NEXTS);
#endif
#if STOPS > 1
    run stopper (OTHER + NEXTS + 1);
#endif
#if CLOSES > 0
    run closer (OTHER + NEXTS + STOPS);
#endif
#if ABANDONS > 0
    run reaper (OTHER + NEXTS + STOPS + CLOSES);
#endif
#if PAUSES > 0
    run pauser (OTHER + NEXTS + STOPS + CLOSES + ABANDONS)
#endif
    skip
  }
}
