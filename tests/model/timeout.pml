/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * No item came in time: time_out () of subiter-source-dispatch.c, which asks the
 * application whether to wait on, and that of subiter-source-pull.c on threads in
 * next (), which does not; and whatever else ends the iteration meanwhile. Each
 * iteration has one end, in their order. An answer that says not to wait on is an
 * end, as the signal that asked was the one for it.
 *
 * All is done with the source's lock held, which makes each critical section one step.
 * That nobody sleeps through news is for stream.pml to show. An asynchronous call is
 * under way throughout, without which the dispatch owes nobody an item. */

#ifndef ITERATIONS
#define ITERATIONS 1
#endif
#ifndef NEXTS
#define NEXTS 1
#endif
#ifndef STOPS
#define STOPS 0
#endif
/* how often the time of the dispatch may be up in an iteration */
#ifndef TIMEOUTS
#define TIMEOUTS 2
#endif
#define NONE 0

/* SubiterSource.lock: iterations count from one */
byte current = 1, n_iterations = 1;
byte asked_run, held_end;
bit is_winding[ITERATIONS + 1], signals_end[ITERATIONS + 1];
/* ends, as a queue */
byte first_end, second_end;
/* of runs */
bit ended[ITERATIONS + 1], has_item[ITERATIONS + 1];
/* the inspection of the dispatch */
bit is_inspected, inspection_is_done;

byte signalled[ITERATIONS + 1];
byte n_timeouts;
byte n_over;

inline signal_end (which)
{
  signalled[which]++;
  assert (signalled[which] == 1);
  assert (which == 1 || signalled[which - 1])
}

inline push_end (which)
{
  if
  :: first_end == NONE -> first_end = which
  :: else -> assert (second_end == NONE); second_end = which
  fi
}

/* subiter_source_add_end () */
inline add_end (which)
{
#ifndef ENDS_ARE_NOT_HELD
  if
  :: asked_run == which -> assert (held_end == NONE); held_end = which
  :: else -> push_end (which)
  fi
#else
  push_end (which)
#endif
}

/* subiter_source_wind_down () */
inline wind_down (signals)
{
  assert (current != NONE);
  is_winding[current] = 1;
  signals_end[current] = signals;
  current = NONE
}

/* subiter_source_finish_winding () */
inline finish_winding (which)
{
  if
  :: is_winding[which] && ended[which] ->
     is_winding[which] = 0;
     if
     :: signals_end[which] -> add_end (which)
     :: else
     fi
  :: else
  fi
}

/* drop_windings (), with which who finds an end by himself begins */
inline drop_windings ()
{
#ifndef WINDINGS_ARE_LEFT
  finish_winding (1)
#else
  skip
#endif
}

/* subiter_source_end () */
inline source_end (which)
{
  if
  :: current == which -> drop_windings (); add_end (which); current = NONE
  :: else
  fi
}

/* The code makes an item or none, and ends, or does so once it is told to or given
 * up. */
active proctype worker ()
{
  byte which = 1;

  do
  :: which <= ITERATIONS ->
     n_iterations >= which;
     if
     :: has_item[which] = 1
     :: skip
     fi;
     if
     :: skip
     :: current != which
     fi;
     /* subiter_run_end () */
     ended[which] = 1;
     which++
  :: else -> break
  od
}

/* subiter_source_stop () by a handler or a thread */
inline stop ()
{
  atomic {
    if
    :: current != NONE -> wind_down (1)
    :: else
    fi
  }
}

/* time_out () of the dispatch */
inline time_out ()
{
  atomic {
    is_inspected = 0;
    inspection_is_done = 0;
    if
    :: current == at -> asked_run = at
    :: else -> goto over
    fi
  };
  /* the handler */
#ifdef HANDLER_STOPS
  if
  :: stop ()
  :: skip
  fi;
#endif
  if
  :: waits_on = 1
  :: waits_on = 0
  fi;
  atomic {
    asked_run = NONE;
    end = held_end;
    held_end = NONE;
    if
    :: waits_on ->
       if
       :: end != NONE ->
#ifdef HELD_END_IS_LAST
          push_end (end)
#else
          assert (second_end == NONE);
          second_end = first_end;
          first_end = end
#endif
       :: else
       fi
    :: !waits_on && current == at -> wind_down (0); signal_end (at)
    :: !waits_on && current != at ->
#ifndef WINDING_SIGNALS_TOO
       if
       :: is_winding[at] -> signals_end[at] = 0
       :: else
       fi;
#endif
#ifdef HELD_END_IS_SIGNALLED
       if
       :: end != NONE -> push_end (end)
       :: else
       fi;
#endif
       signal_end (at)
    fi;
    waits_on = 0;
    end = NONE
  };
over:
  skip
}

/* subiter_source_dispatch () */
active proctype main_loop ()
{
  byte at, end, owed_iteration;
  bit waits_on, has_ended, asks, owes;

end_idle:
  do
  :: /* finish_windings () */
     atomic {
       (current != NONE || first_end != NONE || (ended[1] && is_winding[1])
        || (ended[ITERATIONS] && is_winding[ITERATIONS])) ->
       finish_winding (1);
#if ITERATIONS > 1
       if
       :: !is_winding[1] -> finish_winding (2)
       :: else
       fi
#endif
     };
     /* emit_ends () */
     do
     :: atomic {
          first_end != NONE ->
          end = first_end;
          first_end = second_end;
          second_end = NONE;
          signal_end (end);
          end = NONE
        }
     :: first_end == NONE -> break
     od;
     atomic {
       if
       /* A new iteration comes after the end of the one before it. */
       :: current != NONE && !is_winding[1] && !is_winding[ITERATIONS] -> at = current
       :: else -> goto next
       fi
     };
     has_ended = ended[at];
     /* subiter_source_serve_requests () */
     if
     :: atomic {
          has_item[at] && current == at ->
          has_item[at] = 0;
          is_inspected = 0;
          inspection_is_done = 0
        }
     :: atomic {
          !(has_item[at] && current == at) && has_ended && !has_item[at] ->
          source_end (at)
        }
     :: atomic {
          !(has_item[at] && current == at) && !(has_ended && !has_item[at]) ->
          /* get_deadline (): its time begins now if that is when it is first seen. */
#ifdef TIME_OF_ANOTHER
          owes = (current == at);
#else
          owes = (current == at && owed_iteration == n_iterations);
#endif
          owed_iteration = n_iterations;
          /* has_inspected () */
          if
          :: current != at || ended[at] || has_item[at] ->
             is_inspected = 0;
             inspection_is_done = 0
          :: current == at && !ended[at] && !has_item[at] && owes && n_timeouts < TIMEOUTS && !is_inspected ->
             is_inspected = 1;
             if
             /* It is done, or there was no thread for it; */
             :: inspection_is_done = 1
             /* or that takes too long. */
             :: skip
             fi
          :: current == at && !ended[at] && !has_item[at] && owes && n_timeouts < TIMEOUTS && is_inspected ->
             n_timeouts++;
             asks = 1
          :: current == at && !ended[at] && !has_item[at]
          fi;
          owes = 0
        };
        if
        :: asks -> asks = 0; time_out ()
        :: else
        fi
     fi;
next:
     atomic { at = NONE; has_ended = 0 }
  od
}

/* try_next () */
active [NEXTS] proctype next_caller ()
{
  byte at;
  bit has_ended;

  do
  :: atomic {
       if
       :: current != NONE -> at = current
#if ITERATIONS > 1
       /* subiter_source_rewind () with subiter_source_begin () and drop_windings () */
       :: current == NONE && n_iterations < ITERATIONS ->
          finish_winding (1);
          n_iterations++;
          current = n_iterations;
          n_timeouts = 0;
          at = current
#endif
       :: current == NONE && n_iterations == ITERATIONS -> break
       fi
     };
     has_ended = ended[at];
     if
     :: atomic { has_item[at] -> has_item[at] = 0 }
     :: atomic {
          !has_item[at] && has_ended ->
          source_end (at)
        }
     :: !has_item[at] && !has_ended ->
        /* subiter_wakeup_wait () */
        if
        :: has_item[at] || ended[at] || current != at
        /* look_and_time_out (): it owes nothing before the worker has come to it. */
        :: atomic {
             current == at && !has_item[at] && !ended[at] && (at == 1 || ended[at - 1]) ->
             drop_windings ();
             wind_down (0);
             add_end (at)
           }
        fi
     fi;
     at = NONE;
     has_ended = 0
  od;
  n_over++
}

#if STOPS > 0
active [STOPS] proctype stopper ()
{
  stop ();
  n_over++
}
#endif

active proctype application ()
{
  n_over == NEXTS + STOPS;
  signalled[1] == 1;
#if ITERATIONS > 1
  signalled[2] == 1
#endif
}
