/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * An exception that is aimed at the code of a run: engine-worker.c. It needs the
 * interpreter's GIL, which the worker has except while it waits. */

#define N_RUNS 2
#define NONE N_RUNS

#ifndef INTERRUPTERS
#define INTERRUPTERS 1
#endif

/* the GIL */
bit gil = 1;
/* EngineWorker.lock */
byte current = NONE;
bit interruptible, interrupting;
/* the worker's thread state: the exception set by PyThreadState_SetAsyncExc () */
byte aimed_at = NONE;
/* what the exceptions of a run may hit: it is its own code */
byte code_of = NONE;
byte n_over;

#define take_gil() atomic { !gil -> gil = 1 }

inline drop_interrupt ()
{
#ifndef NO_DROP
  aimed_at = NONE
#else
  skip
#endif
}

/* Python code runs, lets others have the GIL, and an exception lands. */
inline code ()
{
  do
  :: atomic { gil = 0 };
     take_gil ()
  :: atomic {
       aimed_at != NONE ->
       assert (aimed_at == code_of);
       aimed_at = NONE
     };
     break
  :: break
  od
}

/* engine_worker_shield () */
inline shield ()
{
#ifdef SHIELD_LOOKS_FIRST
  waits = interrupting;
  interruptible = 0;
#else
  atomic {
    interruptible = 0;
    waits = interrupting
  };
#endif
#ifndef SHIELD_DOES_NOT_WAIT
  if
  :: waits ->
#ifndef SHIELD_KEEPS_GIL
     gil = 0;
#endif
     !interrupting;
#ifndef SHIELD_KEEPS_GIL
     take_gil ();
#endif
     waits = 0
  :: else
  fi;
#else
  waits = 0;
#endif
  drop_interrupt ()
}

/* engine_run_serve () */
active proctype worker ()
{
  byte run_number;
  bit waits;

  do
  :: run_number < N_RUNS ->
     /* engine_worker_begin () */
     aimed_at = NONE;
     code_of = run_number;
     atomic { current = run_number; interruptible = 1 };
     code ();
     shield ();
     if
     /* What is looked up between is of no run. */
     :: code_of = NONE;
        code ();
        code_of = run_number;
        /* engine_worker_unshield () */
        atomic { interruptible = (current != NONE) };
        code ();
        shield ()
     :: skip
     fi;
     /* engine_worker_end () */
     current = NONE;
     code_of = NONE;
     code ();
     run_number++;
     n_over++
  :: else -> break
  od;
  gil = 0
}

/* engine_worker_interrupt (), of a run that need not be at work */
active [INTERRUPTERS] proctype interrupter ()
{
  byte target;

  if
  :: target = 0
  :: target = 1
  fi;
  do
  :: n_over > target -> break
  :: n_over <= target ->
     atomic {
#ifndef INTERRUPT_TOGETHER
       !interrupting;
#endif
       if
#ifdef INTERRUPT_ANY_RUN
       :: interruptible ->
#else
       :: interruptible && current == target ->
#endif
          interrupting = 1
       :: else -> goto over
       fi
     };
     /* aim_exception () */
     take_gil ();
     aimed_at = target;
     gil = 0;
     interrupting = 0;
over:
     skip
  od
}
