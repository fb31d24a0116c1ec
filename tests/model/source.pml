/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a source does: subiter-run.c, subiter-source-iteration.c, subiter-source-dispatch.c,
 * subiter-source-delivery.c, and of subiter-source-pull.c what takes items. */

/* ---- subiter-run.c ---- */

/* subiter_run_stop () */
inline run_stop ()
{
#ifndef STOP_FORGETS_FLAG
  atomic { drained () -> memory[STOPPING] = 1 };
#endif
#ifndef STOP_DOES_NOT_CLOSE
  ring_close ()
#endif
}

/* subiter_run_end () */
inline run_end ()
{
  atomic { flag = has_ender; has_ender = 1 };
  if
  :: flag -> flag = 0
  :: else ->
#ifdef ENDED_AFTER_NOTIFY
     notify ();
     store (ENDED, 1)
#else
     store (ENDED, 1);
#ifndef END_DOES_NOT_NOTIFY
     notify ()
#endif
#endif
  fi
}

/* ---- subiter-source-iteration.c, with the source's lock held ---- */

#define put_requests_over() \
  n_over_requests = n_over_requests + n_requests; \
  n_requests = 0

/* subiter_source_end () */
inline source_end ()
{
  has_run = 0;
  state = OVER;
  generation++;
  n_ends++;
  put_requests_over ()
}

/* subiter_source_stop () with subiter_source_wind_down () */
inline stop ()
{
  lock (SOURCE_LOCK);
  if
  :: has_run ->
     atomic {
       drained ();
       has_run = 0;
       has_winding = 1;
       state = OVER;
       generation++;
       put_requests_over ()
     };
     run_stop ()
  :: else
  fi;
  unlock (SOURCE_LOCK);
  notify ()
}

/* ---- subiter-source-dispatch.c ---- */

inline emit_ends ()
{
  atomic {
    if
#ifdef END_BEFORE_ANSWERS
    :: locked (SOURCE_LOCK) && n_ends > 0 ->
#else
    :: n_answers > 0
    :: n_answers == 0 && locked (SOURCE_LOCK) && n_ends > 0 ->
#endif
       n_ends--;
       signalled++;
       assert (signalled == 1);
       assert (n_answers == 0);
       assert (IS_CUT || head == ITEMS && (PULLS || received == ITEMS));
       assert (IS_CUT || !ARRAYS || n_shown == ITEMS)
    :: locked (SOURCE_LOCK) && n_ends == 0
    fi
  }
}

inline finish_windings ()
{
  atomic { locked (SOURCE_LOCK) -> flag = has_winding };
  if
  :: flag ->
     flag = load (ENDED);
     atomic {
       if
       :: !flag
       :: flag && locked (SOURCE_LOCK) -> has_winding = 0; n_ends++
       fi;
       flag = 0
     }
  :: else
  fi
}

inline receive ()
{
  atomic {
    assert (value == received + 1);
    received = value;
    value = 0
  }
}

/* ---- subiter-source-delivery.c ---- */

/* delivery_flush (): the signal "items" */
inline flush ()
{
#if ARRAYS
  atomic {
    locked (SOURCE_LOCK) ->
    if
#ifdef FLUSH_IGNORES_STOP
    :: n_collected > 0 ->
#else
    :: n_collected > 0 && has_run ->
#endif
       assert (signalled == 0 && !stopped_by_handler);
       n_shown = n_shown + n_collected
    :: else
    fi;
    n_collected = 0
  }
#else
  skip
#endif
}

#if !PULLS
/* How far the head is moved when the items in the hand are through: whoever leaves may not
 * be through with all of them. */
#ifdef ADVANCES_PAST_ALL
#define N_THROUGH n_hand
#else
#ifdef HAND_KEEPS_PLACES
#define N_THROUGH 0
#else
#ifdef ADVANCES_EACH
#define N_THROUGH 0
#else
#define N_THROUGH n_delivered
#endif
#endif
#endif

/* fill_hand () */
inline fill_hand ()
{
  advance (N_THROUGH);
  atomic { n_hand = 0; n_delivered = 0 };
  peek_many ()
}

/* delivery_clear (). To leave the ring settles whatever is left, so that advancing need not. */
inline delivery_clear ()
{
#ifdef SETTLES_BEFORE_ADVANCING
  leave_ring ();
#endif
#ifndef DOES_NOT_ADVANCE_ON_LEAVING
#if defined (NO_SETTLE_ON_LEAVING) || defined (SETTLES_BEFORE_ADVANCING)
  advance (N_THROUGH);
#else
  if
  :: N_THROUGH > 0 -> move_head (N_THROUGH)
  :: else
  fi;
#endif
#endif
#ifndef SETTLES_BEFORE_ADVANCING
  leave_ring ();
#endif
#ifndef NO_FLUSH_ON_LEAVING
  flush ()
#endif
}

/* subiter_source_deliver_items () */
inline deliver_items ()
{
  atomic { locked (SOURCE_LOCK) -> flag = (has_run && state == RUNNING); seen_generation = generation };
  if
  :: flag ->
     flag = 0;
     do
#ifdef LOOKS_WHEN_THE_HAND_IS_EMPTY
     :: generation != seen_generation && n_delivered == n_hand -> break
#else
     :: generation != seen_generation -> break
#endif
     :: else ->
        /* next_item () */
        if
        :: n_delivered == n_hand -> fill_hand ()
        :: else
        fi;
        if
        :: n_hand == 0 ->
           flush ();
           /* has_news (): it goes round again. In vain, it is as if it had not been spun. */
           if
           :: break
           :: head != load (TAIL)
           fi
        :: else ->
#ifdef ADVANCES_EACH
           move_head (1);
#endif
           atomic {
             assert (signalled == 0 && !stopped_by_handler);
             assert (in_hand (n_delivered) == received + 1);
             received++;
#ifndef HAND_KEEPS_PLACES
             hand[n_delivered] = 0;
#endif
             n_delivered++;
             n_collected = n_collected + ARRAYS
           };
#ifdef ADVANCES_WITH_LAST
           if
           :: n_delivered == n_hand -> advance (n_hand); atomic { n_hand = 0; n_delivered = 0 }
           :: else
           fi;
#endif
#if HANDLER_STOPS
           if
           :: stop ();
              stopped_by_handler = 1
           :: skip
           fi;
#endif
           /* budget_spend () */
           if
           :: break
           :: skip
           fi
        fi
     od;
     delivery_clear ()
  :: else
  fi;
  atomic {
    flag = 0;
    seen_generation = 0;
    n_collected = 0;
    n_hand = 0;
    n_delivered = 0;
    hand[0] = 0;
    hand[HAND - 1] = 0
  }
}
#endif

/* ---- subiter-source-pull.c ---- */

/* take_items (), into flag */
inline take_items ()
{
  lock (PULL_LOCK);
#if BATCH > 0
  pop_batch ();
  atomic { flag = (value > 0); value = 0 };
#else
  pop ();
  if
  :: value > 0 ->
     leave_ring ();
     receive ();
     flag = 1
  :: else
  fi;
#endif
  unlock (PULL_LOCK)
}

/* subiter_source_serve_requests () */
inline serve_requests ()
{
  do
  :: atomic {
       locked (SOURCE_LOCK) ->
       if
       :: has_run && state == RUNNING && n_requests > 0 -> n_requests--
       :: else -> break
       fi
     };
     take_items ();
     if
     :: flag ->
        flag = 0;
        n_answers++;
        /* the deadline */
        if
        :: break
        :: skip
        fi
     :: else ->
#ifndef REQUEST_IS_NOT_GIVEN_BACK
        /* give_back () */
        atomic {
          locked (SOURCE_LOCK) ->
          if
          :: has_run -> n_requests++
          :: else -> n_over_requests++
          fi
        };
#endif
        break
     fi
  od
}

/* subiter_source_end_requests (): the callers ask no more */
inline end_requests ()
{
#if REQUESTS == 0
  skip
#else
  atomic {
    if
    :: n_answers == 0 && locked (SOURCE_LOCK) ->
       n_calls = n_calls - n_over_requests;
       n_over_requests = 0
    :: n_answers > 0
    fi
  }
#endif
}

inline deliver ()
{
#ifndef EMPTY_BEFORE_ENDED
  has_ended = load (ENDED);
#endif
#if PULLS
  serve_requests ();
#else
  deliver_items ();
#endif
#ifdef EMPTY_BEFORE_ENDED
  is_empty ();
  has_ended = flag;
  flag = load (ENDED);
#else
  if
  :: has_ended -> is_empty ()
  :: else
  fi;
#endif
  atomic {
    if
#ifdef END_BEFORE_ANSWERS
    :: has_ended && flag && locked (SOURCE_LOCK) && drained () ->
#else
    :: has_ended && flag && n_answers == 0 && locked (SOURCE_LOCK) && drained () ->
#endif
       if
       :: has_run && state == RUNNING -> source_end ()
       :: else
       fi
#ifndef END_BEFORE_ANSWERS
    :: has_ended && flag && n_answers > 0
#endif
    :: !(has_ended && flag)
    fi;
    has_ended = 0;
    flag = 0
  }
}

/* The last look of plan_next (), into again. */
inline last_look ()
{
#ifndef NO_LOOK_AT_PENDING
  again = load (PENDING);
#endif
#ifndef NO_LOOK_AT_DATA
  if
  :: !again && waits_for_items -> is_empty (); atomic { again = !flag; flag = 0 }
  :: else
  fi;
#endif
#ifndef NO_LOOK_AT_ENDED
  if
  :: !again && waits_for_items && n_answers == 0 -> again = load (ENDED)
  :: else
  fi
#endif
}

inline plan_next ()
{
  atomic {
    locked (SOURCE_LOCK) ->
    waits_for_items = (has_run && state == RUNNING && !has_winding && (!PULLS || n_requests > 0))
  };
#ifdef LOOK_BEFORE_SLEEP
  if
  :: waits_for_items -> arm ()
  :: else
  fi;
  last_look ();
  sleep (0);
#else
#ifdef LOOK_BEFORE_ARM
  sleep (0);
  last_look ();
  if
  :: waits_for_items -> arm ()
  :: else
  fi;
#else
  sleep (0);
#ifndef NO_ARM
  if
  :: waits_for_items -> arm ()
  :: else
  fi;
#endif
  last_look ();
#endif
#endif
  if
  :: again -> sleep (1)
  :: else
  fi;
  atomic { again = 0; waits_for_items = 0 }
}

/* subiter_source_dispatch () */
inline dispatch ()
{
#ifndef BEGIN_AFTER_LOOK
  begin ();
#endif
  finish_windings ();
  emit_ends ();
  end_requests ();
  atomic { locked (SOURCE_LOCK) -> flag = (has_run && !has_winding) };
  if
  :: flag ->
     flag = 0;
     deliver ();
     emit_ends ()
  :: else
  fi;
  end_requests ();
#ifdef BEGIN_AFTER_LOOK
  begin ();
#endif
  plan_next ()
}
