/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The life of runs and of a worker: the port's mailbox (subiter-port.c), the ends of
 * runs (subiter-run.c), the reaper (subiter-reaper.c, subiter-inspection.c) and the
 * registry of workers (subiter-worker.c). All of it is done under locks, one at a
 * time, so each critical section is one step, and the order in which memory is
 * written does not come into it. Of time there is only that it passes: what is not
 * due yet is due some time later. */

#define N_RUNS 2
/* the descent of the worker itself, and no run at all */
#define WORKER_DESCENT N_RUNS
#define NONE N_RUNS
#define BIT(number) (1 << (number))

/* threads that close the interpreter; the application does it at last without */
#ifndef CLOSES
#define CLOSES 0
#endif
/* threads that stop a run, of which one is the application */
#ifndef STOPS
#define STOPS 0
#endif
/* threads that call subiter_shutdown () */
#ifndef SHUTDOWNS
#define SHUTDOWNS 0
#endif
/* further workers, of which there is only that they want a reaper */
#ifndef OTHERS
#define OTHERS 0
#endif
#define N_THREADS (CLOSES + (STOPS > 1) + SHUTDOWNS + OTHERS)
/* FAILS: the system may have no thread left. FOREVER: all grace periods are, and
 * code ends when it is told to. IDLES: the application waits until its runs have ended by
 * themselves. */

/* SubiterPort.lock */
byte mailbox;
bit closed, exited;
byte current = NONE;
/* and of it, how the worker hears of news: whether it is about to wait for a signal, and
 * whether it does */
byte n_news;
bit port_waits, is_asleep;
/* SubiterRun */
bit stopping[N_RUNS], ended[N_RUNS], refused[N_RUNS];
byte n_ends[N_RUNS];
bit withdrawn[N_RUNS];
/* the interpreter: whether the source has a worker for its runs, and has submitted
 * them: with its lock held, as it stops them */
bit has_started, has_worker, sent;
/* registry_lock */
bit registered, refuses_new;
/* reaper_lock, and whether the reaper waits for a signal */
byte descents;
byte n_held;
bit reaper_has_news, reaper_runs, reaper_waits;
byte n_reapers;
/* inspections that were begun, that the thread of each is still at, and that are done */
byte inspected, inspecting, inspections_done;
/* subiter_port_watch () */
byte n_exits;
/* the threads that are through */
byte n_over;

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

#ifdef SEND_IS_NO_NEWS
#define tell_of_run() skip
#else
#define tell_of_run() n_news++
#endif

/* subiter_port_send (), and the signal after the unlock */
inline send (which)
{
#ifdef WAITS_READ_BEFORE_LOCK
  wakes = port_waits;
#endif
  atomic {
    if
#ifndef SEND_IGNORES_CLOSED
    :: closed -> refused[which] = 1; wakes = 0
    :: else ->
#else
    ::
#endif
#ifndef WAITS_READ_BEFORE_LOCK
       wakes = port_waits;
#endif
       mailbox = mailbox | BIT (which);
       tell_of_run ()
    fi
  };
  if
  :: wakes -> atomic { is_asleep = 0; wakes = 0 }
  :: else
  fi
}

/* end_runs () */
inline end_runs (runs)
{
  if
  :: runs & BIT (0) -> stopping[0] = 1; run_end (0)
  :: else
  fi;
  if
  :: runs & BIT (1) -> stopping[1] = 1; run_end (1)
  :: else
  fi
}

/* leave (): one that is given up for a run has to be at it. left tells whether it is gone now. */
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
       left = 1;
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

/* ---- subiter-reaper.c, what others call ---- */

/* ensure_reaper (): with the lock held, within a step of the caller's. A thread that
 * cannot be had shows as one that does not run. */
inline ensure_reaper ()
{
  if
  :: reaper_runs
  :: !reaper_runs ->
     reaper_runs = 1;
     n_reapers++;
     assert (n_reapers == 1);
     run reaper ()
#ifdef FAILS
  :: !reaper_runs
#endif
  fi
}

/* subiter_reaper_hold () */
inline reaper_hold ()
{
  atomic {
    ensure_reaper ();
    if
    :: reaper_runs -> n_held++; held = 1
    :: else
    fi
  }
}

/* subiter_reaper_release () */
inline reaper_release ()
{
  atomic {
    assert (n_held > 0);
    n_held--;
#ifndef RELEASE_IS_NO_NEWS
    reaper_has_news = 1;
#endif
#ifndef RELEASE_DOES_NOT_SIGNAL
    reaper_waits = 0
#endif
  }
}

inline add_descent (descent)
{
  atomic {
    ensure_reaper ();
    /* Nobody is there to see to it: then there is nothing to be seen to. */
    assert (reaper_runs || n_held == 0 && (descent == WORKER_DESCENT || ended[descent % N_RUNS]));
    descents = descents | BIT (descent);
#ifndef ADD_DOES_NOT_SIGNAL
    reaper_waits = 0
#endif
  }
}

/* ---- subiter-worker.c ---- */

/* unregister_port () */
inline unregister ()
{
  atomic { was_registered = registered; registered = 0 };
#ifndef RELEASE_TWICE
  if
  :: was_registered -> reaper_release ()
  :: else
  fi;
#else
  reaper_release ();
#endif
  was_registered = 0
}

/* engine_run () and worker_main (). */
proctype worker ()
{
  byte which = NONE, taken, seen_news;
  bit was_registered, left;

  assert (reaper_runs || !registered);
  if
  :: skip
  /* There is no such runtime, or it could not start. */
  :: goto gone
  fi;
  do
  :: /* subiter_port_receive () */
     atomic { current = NONE; which = NONE };
look:
     atomic {
       if
       :: closed -> break
       :: !closed && mailbox & BIT (0) -> which = 0
       :: !closed && !(mailbox & BIT (0)) && mailbox & BIT (1) -> which = 1
       :: !closed && !(mailbox & (BIT (0) | BIT (1))) ->
#ifndef NEWS_READ_AFTER_UNLOCK
          seen_news = n_news;
#endif
          goto wait
       fi;
       mailbox = mailbox & ~BIT (which);
#ifdef CURRENT_AFTER_UNLOCK
     };
     current = which;
#else
       current = which
     };
#endif
     goto begin;

wait:
     /* wait_for_news (): without the lock, it spins. What it sees then it sees afterwards,
      * with the lock, as well. */
#ifdef NEWS_READ_AFTER_UNLOCK
     seen_news = n_news;
#endif
     atomic {
#ifndef NO_LOOK_AFTER_SPINNING
       if
       :: n_news == seen_news ->
#endif
          port_waits = 1;
          is_asleep = 1
#ifndef NO_LOOK_AFTER_SPINNING
       :: else
       fi
#endif
       ;
       seen_news = 0
     };
     /* subiter_cond_wait () */
     atomic { !is_asleep -> port_waits = 0 };
     goto look;

begin:
     /* subiter_run_begin () */
     assert (!withdrawn[which]);
     if
     /* The code takes its time, and ends, told to or not; */
     :: skip
#ifndef FOREVER
     /* or it does not before its worker is given up, or never. */
     :: skip ->
        exited;
        if
        :: skip
        :: skip ->
end_stuck:
           false
        fi
#endif
     fi;
     run_end (which)
  od;
#ifndef FOREVER
  /* So may what it has left behind: a thread, a function at exit. */
  if
  :: skip
  :: skip ->
     exited;
     if
     :: skip
     :: skip ->
end_left:
        false
     fi
  fi;
#endif
gone:
  leave (NONE, 0);
  unregister ()
}

/* subiter_worker_start () */
inline worker_start ()
{
#ifdef HOLD_LATER
  atomic { run worker (); has_worker = 1; registered = 1 };
  reaper_hold ()
#else
  reaper_hold ();
  if
  :: held ->
     held = 0;
     /* register_port () */
     atomic {
       if
       :: !refuses_new -> registered = 1; was_registered = 1
       :: else
       fi
     };
     if
     :: was_registered -> was_registered = 0; run worker (); has_worker = 1
#ifdef FAILS
     :: was_registered ->
        was_registered = 0;
#ifndef FAILED_DOES_NOT_EXIT
        leave (NONE, 0);
        left = 0;
#endif
        unregister ()
#endif
#ifdef REFUSED_IS_HELD
     :: else
#else
     :: else -> reaper_release ()
#endif
     fi
  :: else
  fi
#endif
}

/* subiter_worker_abandon () */
inline worker_abandon (at)
{
  left = 0;
  leave (at, 1);
#ifndef GIVEN_UP_IS_HELD
  if
  :: left -> unregister ()
  :: else
  fi;
#endif
  left = 0
}

/* ---- subiter-reaper.c ---- */

/* subiter_inspection_new (): each has a thread of its own, which may be at it for
 * ever, or for longer than anybody waits. */
active proctype inspectors ()
{
  byte step;

end_idle:
  do
  :: atomic {
       if
       :: inspecting & BIT (0) -> step = 0
       :: inspecting & BIT (1) -> step = 1
       :: inspecting & BIT (2) -> step = 2
       fi;
       inspecting = inspecting & ~BIT (step);
       if
       /* on_inspected () */
       :: inspections_done = inspections_done | (inspected & BIT (step));
          reaper_has_news = 1;
          reaper_waits = 0
       :: skip
       fi;
       step = 0
     }
  od
}

/* Whether the next step of a descent is due. When a wait has come to its end by
 * itself, that of one at least is. */
inline look_whether_due ()
{
#ifdef FOREVER
  is_due = (inspected & BIT (step)) && is_timed_out
#else
  if
  :: is_due = 1; is_timed_out = 0
  :: !is_timed_out || left_steps != 0 -> is_due = 0
  fi
#endif
}

/* take_step (), into is_over: whether the descent is. To interrupt the code changes
 * nothing here. */
inline take_step ()
{
  if
  :: atomic {
       (step != WORKER_DESCENT && ended[step % N_RUNS] || step == WORKER_DESCENT && exited) ->
       is_over = 1;
       is_timed_out = 0
     }
  :: atomic {
       !(step != WORKER_DESCENT && ended[step % N_RUNS] || step == WORKER_DESCENT && exited) ->
       look_whether_due ();
#ifdef INSPECTION_HAS_NO_END
       is_over = (inspections_done & BIT (step)) != 0;
       is_due = is_due && !(inspected & BIT (step));
#else
       is_over = (inspected & BIT (step)) && (is_due || inspections_done & BIT (step));
#endif
       if
       :: is_due && !is_over ->
          assert (!(inspected & BIT (step)));
          inspected = inspected | BIT (step);
          inspecting = inspecting | BIT (step)
       :: else
       fi;
       is_due = 0
     };
     if
     :: is_over -> worker_abandon ((step == WORKER_DESCENT -> NONE : step))
     :: else
     fi
  fi
}

proctype reaper ()
{
  byte steps, left_steps, step, taken;
  bit is_due, is_over, is_timed_out, has_time, was_registered, left;

  do
  :: atomic {
       if
#ifdef REAPER_IGNORES_HELD
       :: descents == 0 ->
#else
       :: descents == 0 && n_held == 0 ->
#endif
#ifndef REAPER_ENDS_LATER
          reaper_runs = 0;
          n_reapers--;
#endif
          break
       :: else ->
          steps = descents;
          left_steps = steps;
          descents = 0;
#ifndef NEWS_CLEARED_AFTER
          reaper_has_news = 0
#endif
       fi
     };
     do
     :: atomic {
          left_steps != 0 ->
          if
          :: left_steps & BIT (0) -> step = 0
          :: !(left_steps & BIT (0)) && left_steps & BIT (1) -> step = 1
          :: !(left_steps & BIT (0)) && !(left_steps & BIT (1)) -> step = 2
          fi;
          left_steps = left_steps & ~BIT (step)
        };
        take_step ();
        atomic {
          if
          :: is_over ->
             steps = steps & ~BIT (step);
             inspected = inspected & ~BIT (step);
             inspections_done = inspections_done & ~BIT (step)
          :: else
          fi;
          is_over = 0;
          step = 0
        }
     :: left_steps == 0 -> break
     od;
     atomic {
       is_timed_out = 0;
#ifdef NEWS_CLEARED_AFTER
       reaper_has_news = 0;
#endif
       reaper_waits = (descents == 0 && !reaper_has_news && (steps != 0 || n_held > 0));
       /* until when: for ever unless there is a descent that has a time */
#ifdef FOREVER
       has_time = (steps & inspected) != 0;
#else
#ifdef INSPECTION_HAS_NO_END
       has_time = (steps & ~inspected) != 0;
#else
       has_time = steps != 0;
#endif
#endif
#ifdef REAPER_FORGETS_NEW
       descents = steps;
#else
       descents = descents | steps;
#endif
       steps = 0
     };
     /* subiter_cond_wait_until () */
     atomic {
       if
       :: !reaper_waits
       :: reaper_waits && has_time -> is_timed_out = 1
       fi;
       reaper_waits = 0;
       has_time = 0
     }
  od
#ifdef REAPER_ENDS_LATER
  ;
  atomic { reaper_runs = 0; n_reapers-- }
#endif
}

/* subiter_reaper_stop () */
inline reaper_stop (which)
{
  assert (!refused[which]);
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
#ifndef CLOSE_IS_NO_NEWS
    n_news++;
#endif
#ifndef CLOSE_DOES_NOT_SIGNAL
    is_asleep = 0;
#endif
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

/* The application: two runs on one worker. */
active proctype application ()
{
  byte which = NONE, taken;
  bit is_first, held, was_registered, left, wakes;

  /* subiter_interpreter_submit (), with the interpreter's lock held */
  send (0);
  worker_start ();
  has_started = 1;
  if
  :: has_worker ->
     send (1);
     sent = 1;
#if STOPS > 0
     reaper_stop (0);
     if
     :: !refused[1] -> reaper_stop (1)
     /* The source finds another worker for it. */
     :: else
     fi;
#elif CLOSES + SHUTDOWNS == 0 && !defined (IDLES)
     reaper_close ();
#endif
     /* Each ends, and the worker too once it is told to. */
     ended[0] || refused[0];
     ended[1] || refused[1];
     assert (n_ends[0] == 1 - refused[0] && n_ends[1] == 1 - refused[1]);
#if (STOPS > 0 || defined (IDLES)) && CLOSES + SHUTDOWNS == 0
     reaper_close ();
#endif
     exited;
     assert (n_exits == 1)
  :: else ->
     /* subiter_source_begin () */
     run_end (0);
     sent = 1
  fi;
  n_over == N_THREADS;
  /* Nothing is left, and so is nobody who sees to it. */
  !registered && n_held == 0 && !reaper_runs;
  assert (descents == 0
#ifdef FAILS
          || exited
#endif
         )
}

#if STOPS > 1
active proctype other_stopper ()
{
  bit is_first;

  sent;
  if
  :: has_worker -> reaper_stop (0)
  :: else
  fi;
  n_over++
}
#endif

#if CLOSES > 0
/* subiter_interpreter_close () */
active [CLOSES] proctype closer ()
{
  byte which = NONE, taken;
  bit is_first;

  has_started;
  if
  :: has_worker -> reaper_close ()
  :: else
  fi;
  n_over++
}
#endif

#if SHUTDOWNS > 0
/* subiter_shutdown (), with all the time there is */
active [SHUTDOWNS] proctype shutdown ()
{
  byte which = NONE, taken;
  bit is_first, is_listed;

#ifdef SHUTDOWN_LISTS_FIRST
  is_listed = registered;
  refuses_new = 1;
#else
  refuses_new = 1;
  is_listed = registered;
#endif
  if
  :: is_listed -> reaper_close ()
  :: else
  fi;
  !registered;
  n_over++
}
#endif

#if OTHERS > 0
active [OTHERS] proctype other_worker ()
{
  bit held;

  reaper_hold ();
  if
  :: held -> assert (reaper_runs); reaper_release ()
  :: else
  fi;
  n_over++
}
#endif
