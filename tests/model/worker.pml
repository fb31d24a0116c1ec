/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The life of runs and of a worker: the port's mailbox (subiter-port.c), the ends of
 * runs (subiter-run.c) and the reaper (subiter-reaper.c). All of it is done under
 * locks, one at a time, so each critical section is one step, and the order in
 * which memory is written does not come into it. Time is left out: a step of the
 * ladder may be due at once or any time later. */

#define N_RUNS 2
/* the descent of the worker itself, and no run at all */
#define WORKER_DESCENT N_RUNS
#define NONE N_RUNS
#define BIT(number) (1 << (number))

#ifndef CLOSES
#define CLOSES 0
#endif
#ifndef STOPS
#define STOPS 0
#endif

/* SubiterPort.lock */
byte mailbox;
bit closed, exited;
byte current = NONE;
/* SubiterRun */
bit stopping[N_RUNS], ended[N_RUNS], refused[N_RUNS];
byte n_ends[N_RUNS];
bit withdrawn[N_RUNS];
/* whether the source has submitted them: with its lock held, as it stops them */
bit sent;
/* reaper_lock */
byte descents;
bit reaper_runs;
byte n_reapers;
/* subiter_port_watch () */
byte n_exits;

/* subiter_run_end () */
inline run_end (which)
{
  atomic {
#ifdef END_AGAIN
    ended[which] = 1;
    n_ends[which]++;
#else
    if
    :: !ended[which] -> ended[which] = 1; n_ends[which]++
    :: else
    fi;
#endif
    assert (n_ends[which] == 1)
  }
}

/* subiter_port_send () */
inline send (which)
{
  atomic {
    if
#ifndef SEND_IGNORES_CLOSED
    :: closed -> refused[which] = 1
    :: else ->
#else
    ::
#endif
       mailbox = mailbox | BIT (which)
    fi
  }
}

/* end_runs () */
inline end_runs (runs)
{
  number = 0;
  do
  :: number < N_RUNS ->
     if
     :: runs & BIT (number) -> stopping[number] = 1; run_end (number)
     :: else
     fi;
     number++
  :: else -> break
  od;
  number = 0
}

/* leave (): one that is given up for a run has to be at it. left tells. */
inline leave (at, is_given_up)
{
  atomic {
    if
    :: is_given_up && exited
#ifndef GIVE_UP_ANY
    :: !(is_given_up && exited) && at != NONE && (current != at || ended[at % N_RUNS])
    :: !(is_given_up && exited) && (at == NONE || (current == at && !ended[at % N_RUNS])) ->
#else
    :: !(is_given_up && exited) ->
#endif
       assert (at == NONE || !ended[at % N_RUNS]);
       closed = 1;
       n_exits = n_exits + !exited;
       exited = 1;
       taken = mailbox;
       mailbox = 0;
#ifndef LEAVE_FORGETS_CURRENT
       if
       :: current != NONE -> taken = taken | BIT (current)
       :: else
       fi;
       current = NONE
#endif
    fi
  };
  end_runs (taken);
  taken = 0
}

/* engine_run () and worker_main (). */
active proctype worker ()
{
  byte which = NONE, taken, number;

  if
  :: skip
  /* There is no such runtime, or it could not start. */
  :: goto gone
  fi;
  do
  :: /* subiter_port_receive () */
     atomic { current = NONE; which = NONE };
end_idle:
     atomic {
       if
       :: closed -> break
       :: !closed && mailbox & BIT (0) -> which = 0
       :: !closed && !(mailbox & BIT (0)) && mailbox & BIT (1) -> which = 1
       fi;
       mailbox = mailbox & ~BIT (which);
#ifdef CURRENT_AFTER_UNLOCK
     };
     current = which;
#else
       current = which
     };
#endif
     /* subiter_run_begin () */
     assert (!withdrawn[which]);
     if
     /* The code takes its time, and ends, told to or not; */
     :: skip
     /* or it does not before its worker is given up, or never. */
     :: skip ->
        exited;
        if
        :: skip
        :: skip ->
end_stuck:
           false
        fi
     fi;
     run_end (which)
  od;
  /* So may what it has left behind: a thread, a function at exit. */
  if
  :: skip
  :: skip -> exited
  fi;
gone:
  leave (NONE, 0)
}

/* ---- subiter-reaper.c ---- */

proctype reaper ()
{
  byte steps, step, taken, number;

  do
  :: atomic {
       if
       :: descents == 0 ->
#ifndef REAPER_ENDS_LATER
          reaper_runs = 0;
          n_reapers--;
#endif
          break
       :: else -> steps = descents; descents = 0
       fi
     };
     step = 0;
     do
     :: step <= N_RUNS ->
        if
        :: steps & BIT (step) ->
           /* take_step () */
           if
           :: step != WORKER_DESCENT && ended[step % N_RUNS] -> steps = steps & ~BIT (step)
           :: step == WORKER_DESCENT && exited -> steps = steps & ~BIT (step)
           :: else ->
              if
              /* subiter_worker_abandon () */
              :: step != WORKER_DESCENT -> leave (step, 1); steps = steps & ~BIT (step)
              :: step == WORKER_DESCENT -> leave (NONE, 1); steps = steps & ~BIT (step)
              /* It has time yet, and is interrupted perhaps. */
              :: skip
              fi
           fi
        :: else
        fi;
        step++
     :: else -> break
     od;
#ifdef REAPER_FORGETS_NEW
     atomic { descents = steps; steps = 0; step = 0 }
#else
     atomic { descents = descents | steps; steps = 0; step = 0 }
#endif
  od
#ifdef REAPER_ENDS_LATER
  ;
  atomic { reaper_runs = 0; n_reapers-- }
#endif
}

inline add_descent (descent)
{
  atomic {
    descents = descents | BIT (descent);
    if
    :: !reaper_runs ->
       reaper_runs = 1;
       n_reapers++;
       assert (n_reapers == 1);
       run reaper ()
    :: else
    fi
  }
}

/* subiter_reaper_stop () */
inline reaper_stop (which)
{
  /* subiter_run_stop () */
  atomic { is_first = !stopping[which]; stopping[which] = 1 };
  if
  :: is_first && !ended[which] ->
     /* subiter_port_withdraw () */
     atomic { is_first = (mailbox & BIT (which)) != 0;
#ifdef WITHDRAW_LEAVES_IT
       skip
#else
       mailbox = mailbox & ~BIT (which)
#endif
     };
     if
     :: is_first -> withdrawn[which] = 1; run_end (which)
#ifndef STOP_WITHOUT_DESCENT
     :: else -> add_descent (which)
#else
     :: else
#endif
     fi
  :: else
  fi;
  is_first = 0
}

/* subiter_reaper_close () */
inline reaper_close ()
{
  /* subiter_port_close () */
  atomic {
    is_first = !closed;
    closed = 1;
    taken = mailbox;
    mailbox = 0
  };
  end_runs (taken);
  taken = 0;
  if
  :: is_first ->
     atomic {
       is_first = 0;
       /* subiter_port_dup_current () */
       if
       :: current != NONE && !ended[current % N_RUNS] -> which = current
       :: else
       fi
     };
     if
     :: which != NONE -> reaper_stop (which)
     :: else
     fi;
     which = NONE;
#ifndef CLOSE_WITHOUT_DESCENT
     add_descent (WORKER_DESCENT)
#endif
  :: else
  fi
}

/* The application: two runs, run it stops unless somebody closes. */
active proctype application ()
{
  bit is_first;

  send (0);
  send (1);
  sent = 1;
#if STOPS > 0
  reaper_stop (0);
  reaper_stop (1);
#endif
  /* Each ends, and the worker too if it was told to. */
  ended[0] || refused[0];
  ended[1] || refused[1];
  assert (n_ends[0] == 1 - refused[0] && n_ends[1] == 1 - refused[1]);
#if CLOSES > 0
  exited;
  assert (n_exits == 1);
#endif
  skip
}

#if STOPS > 1
active proctype other_stopper ()
{
  bit is_first;

  sent;
  reaper_stop (0)
}
#endif

#if CLOSES > 0
active [CLOSES] proctype closer ()
{
  byte which = NONE, taken, number;
  bit is_first;

  reaper_close ()
}
#endif
