/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the log is told of workers that were given up, once and by one of three: the
 * interpreter's dispatch, its dispose, or whoever gives a worker up of which
 * nobody will ask. This is leave () and take_farewell () of subiter-port.c,
 * subiter_worker_abandon () of subiter-worker.c, and of subiter-interpreter.c submit,
 * dispatch and dispose. One interpreter has two workers, one after the other. At the
 * end of the program nothing need be told, but nothing may be told twice. */

#define N_PORTS 2
#define NONE N_PORTS
#define BIT(number) (1 << (number))

/* Whether the program ends at some time. */
#ifndef SHUTDOWNS
#define SHUTDOWNS 0
#endif
/* how often something is to be run */
#ifndef SUBMITS
#define SUBMITS 2
#endif
/* LIVES: the application keeps the interpreter. */

/* SubiterPort.lock */
bit exited[N_PORTS], given_up[N_PORTS], has_farewell[N_PORTS], is_orphan[N_PORTS], is_watched[N_PORTS];
/* SubiterInterpreter.lock, which is held while those of ports are taken */
bit interpreter_lock;
byte port = NONE;
byte farewells;
bit closed;
/* the object: who has a reference; whether its dispose is through */
byte n_refs = 1;
bit is_detached, is_disposed;
/* GLib's: the interpreter and the source of a run, in the order in which they are
 * dispatched */
bit interpreter_ready;
byte source_ready;
/* registry_lock */
bit refuses_new;

/* the workers: begun, known to who may stop what is on them, and over for good */
bit started[N_PORTS], is_known[N_PORTS], over[N_PORTS];
byte n_told[N_PORTS];

#define lock() atomic { !interpreter_lock -> interpreter_lock = 1 }
#define unlock() interpreter_lock = 0

inline tell (which)
{
  atomic {
    n_told[which]++;
    assert (n_told[which] == 1);
    assert (given_up[which])
  }
}

inline tell_all (which)
{
  if
  :: which & BIT (0) -> tell (0)
  :: else
  fi;
  if
  :: which & BIT (1) -> tell (1)
  :: else
  fi
}

/* take_farewell (), into texts */
inline take_farewell (which, is_last_time)
{
  atomic {
    if
    :: has_farewell[which] -> texts = texts | BIT (which)
    :: else
    fi;
#ifndef TAKE_LEAVES_IT
    has_farewell[which] = 0;
#endif
    is_orphan[which] = is_orphan[which] || is_last_time
  }
}

/* leave (), and subiter_worker_abandon () if the worker is given up */
inline leave (which, is_given_up)
{
  if
  :: is_given_up && refuses_new -> take_farewell (which, 1); texts = 0
  :: else
  fi;
  atomic {
    if
    :: is_given_up && exited[which] -> goto gone
    :: else
    fi;
    exited[which] = 1;
    if
    :: is_given_up ->
       given_up[which] = 1;
#ifdef GIVE_UP_IGNORES_ORPHAN
       has_farewell[which] = 1;
       is_here = 0
#else
       has_farewell[which] = !is_orphan[which];
       is_here = is_orphan[which]
#endif
    :: else
    fi;
    watches = is_watched[which];
    is_watched[which] = 0
  };
#ifdef ENDS_FIRST
  source_ready = source_ready | BIT (which);
#endif
#ifndef LEAVE_DOES_NOT_NOTIFY
  interpreter_ready = interpreter_ready || watches;
#endif
#ifndef ENDS_FIRST
  /* end_runs () */
  source_ready = source_ready | BIT (which);
#endif
#ifdef ORPHAN_LOOKED_AT_LATER
  is_here = is_orphan[which];
#endif
#ifdef GIVEN_UP_IS_NOT_TOLD
  is_here = 0;
#endif
  if
  :: is_here && is_given_up && !refuses_new -> tell (which)
  :: else
  fi;
gone:
  skip
}

/* The worker and the reaper: it ends by itself, or is given up and may end after
 * all. One that lives goes on until it is closed. */
proctype worker (byte which)
{
  byte texts;
  bit is_here, watches;

  if
  :: skip
  :: closed || refuses_new
  fi;
  if
  /* Its run was stopped, for which the source's lock is needed that submit has, or
   * it was closed. */
  :: is_known[which] || refuses_new -> leave (which, 1)
  :: skip
  fi;
  if
  :: leave (which, 0)
  /* never */
  :: exited[which]
  fi;
  over[which] = 1
}

/* log_farewells () */
inline log_farewells (is_last_time)
{
  lock ();
  texts = farewells;
  farewells = 0;
  if
  :: port != NONE -> take_farewell (port, is_last_time)
  :: else
  fi;
  unlock ();
  tell_all (texts);
  texts = 0
}

/* g_object_unref (), and subiter_interpreter_dispose () with the last */
inline unref ()
{
  atomic { n_refs--; is_last = (n_refs == 0) };
  if
  :: is_last ->
     is_last = 0;
     /* subiter_interpreter_close () */
     closed = 1;
     is_detached = 1;
#ifndef DISPOSE_DOES_NOT_LOG
#ifdef DISPOSE_LEAVES_NO_ORPHAN
     log_farewells (0);
#else
     log_farewells (1);
#endif
#endif
     is_disposed = 1
  :: else
  fi
}

/* subiter_interpreter_submit (), and replace_port () */
inline submit (fresh)
{
  lock ();
  if
  :: port != NONE && !exited[port % N_PORTS]
  :: port == NONE || exited[port % N_PORTS] ->
     if
     :: refuses_new
     :: else ->
        started[fresh] = 1;
        run worker (fresh);
        if
        :: port != NONE ->
           take_farewell (port, 1);
#ifndef REPLACE_FORGETS
           farewells = farewells | texts;
#endif
           texts = 0
        :: else
        fi;
        /* subiter_port_watch () */
        atomic {
          is_watched[fresh] = !exited[fresh];
          interpreter_ready = interpreter_ready || exited[fresh]
        };
        port = fresh
     fi
  fi;
  unlock ();
  interpreter_ready = 1;
  is_known[fresh] = 1
}

active proctype application ()
{
  byte texts;
  bit is_last;

  submit (0);
#if SUBMITS > 1
  submit (1);
#endif
#ifndef LIVES
  unref ();
  is_disposed;
#else
  closed = 1;
#endif
  !started[0] || over[0];
  !started[1] || over[1];
#ifdef LIVES
  refuses_new || !given_up[0] || n_told[0] == 1;
  refuses_new || !given_up[1] || n_told[1] == 1;
#endif
  assert (refuses_new || n_told[0] == given_up[0] && n_told[1] == given_up[1])
}

/* An iteration looks at all sources at once. */
active proctype main_loop ()
{
  byte texts, ends;
  bit is_interpreter_ready, is_last;

end_idle:
  do
  :: atomic {
       interpreter_ready && !is_detached || source_ready != 0 ->
       is_interpreter_ready = interpreter_ready && !is_detached;
       ends = source_ready;
       source_ready = 0
     };
     /* interpreter_dispatch () */
     atomic {
       is_interpreter_ready = is_interpreter_ready && n_refs > 0;
       n_refs = n_refs + is_interpreter_ready
     };
     if
     :: is_interpreter_ready ->
        is_interpreter_ready = 0;
        interpreter_ready = 0;
        log_farewells (0);
        unref ()
     :: else
     fi;
     /* The ends of runs are signalled. The log was told before, unless
      * the interpreter has gone. */
     atomic {
       assert (refuses_new || n_refs == 0
               || (!(ends & BIT (0)) || !given_up[0] || n_told[0])
                  && (!(ends & BIT (1)) || !given_up[1] || n_told[1]));
       ends = 0
     }
  od
}

#if SHUTDOWNS > 0
active proctype shutdown ()
{
  refuses_new = 1
}
#endif
