/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How memory of Python objects that an application looks at is given back (engine-pin.c):
 * the list of what was let go of, the poke that tells the worker (subiter-port.c), and the
 * interpreter that stays after its worker is gone (engine-interpreter.c). The list is
 * changed by one atomic operation, and all else under the port's lock, so each is one
 * step. That a run is sent before the signal, and not with it, is in worker.pml. */

/* how many objects the run hands over: the application has one of them for longer than
 * the source lives */
#ifndef PINS
#define PINS 3
#endif
/* threads that let go of the others */
#ifndef HOLDERS
#define HOLDERS 2
#endif

/* EnginePins.returned: how many are on the list; and n_pins, the worker's own */
byte returned;
byte n_pins;
/* handed over, and nobody's yet */
byte n_free, n_made;
/* SubiterPort.lock, and whether the worker waits for a signal */
bit mailbox, closed, poked, worker_waits;
/* whether n_news has changed since the worker looked */
bit has_news;
byte port_refs = 1;
/* whether the worker counts as gone, and whether the interpreter has ended */
bit is_gone, has_ended;

/* engine_pins_collect (): it may look at the list before, and find nothing */
inline collect ()
{
#ifdef COLLECT_LOOKS_FIRST
  taken = returned;
  atomic { n_pins = n_pins - taken; returned = 0; taken = 0 }
#else
  atomic { n_pins = n_pins - returned; returned = 0 }
#endif
}

/* subiter_port_poke () */
inline poke ()
{
  atomic {
    assert (port_refs > 0);
#ifndef POKE_IS_NOT_KEPT
    poked = 1;
#endif
#ifndef POKE_IS_NO_NEWS
    has_news = 1;
#endif
#ifndef POKE_DOES_NOT_SIGNAL
    worker_waits = 0
#endif
  }
}

/* give_back () */
inline give_back ()
{
  assert (!has_ended);
#ifdef EDGE_LOOKED_AT_FIRST
  is_first = returned == 0;
  returned++;
#else
  atomic { is_first = returned == 0; returned++ };
#endif
#ifdef PORT_UNREF_FIRST
  port_refs--;
#endif
  if
  :: is_first -> poke ()
  :: else
  fi;
#ifndef PORT_UNREF_FIRST
  port_refs--;
#endif
  is_first = 0
}

/* wait_for_news (), from where it has let go of the lock: it spins, and looks again with the
 * lock. The worker has looked at what there is to do, and at n_news, in the step before. */
inline wait_for_news ()
{
  worker_waits = !has_news;
  /* subiter_cond_wait () */
  !worker_waits
}

active proctype worker ()
{
  byte taken;
  bit does_chore;

receive:
  /* subiter_port_receive () */
  atomic {
    if
    :: closed -> goto ending
    :: !closed && mailbox -> mailbox = 0; goto serving
    :: !closed && !mailbox && poked ->
#ifndef POKED_CLEARED_AFTER
       poked = 0;
#endif
       does_chore = 1
    :: !closed && !mailbox && !poked -> has_news = 0
    fi
  };
  if
  :: does_chore ->
     does_chore = 0;
#ifndef CHORE_IS_NOT_DONE
     collect ();
#endif
#ifdef POKED_CLEARED_AFTER
     poked = 0
#endif
  :: else -> wait_for_news ()
  fi;
  goto receive;

serving:
  do
  :: n_made < PINS ->
     atomic { n_made++; n_pins++; port_refs++; n_free++ };
     collect ()
  :: n_made == PINS -> break
  od;
  goto receive;

ending:
  /* engine_interpreter_end () */
  collect ();
#ifndef LINGER_AS_WORKER
  is_gone = 1;
#endif
  do
#ifdef ENDS_WITH_PINS
  :: skip -> break
#else
  :: n_pins == 0 -> break
#endif
  :: n_pins > 0 ->
     /* subiter_port_wait_for_poke () */
#ifdef WAIT_FORGETS_POKES
     atomic { poked = 0; has_news = 0 };
     wait_for_news ();
#else
     do
     :: atomic { poked -> poked = 0 };
        break
     :: atomic { !poked -> has_news = 0 };
        wait_for_news ()
     od;
#endif
     collect ()
  od;
  atomic { is_gone = 1; has_ended = 1 };
  assert (n_pins == 0 && returned == 0);
  port_refs--
}

active [HOLDERS] proctype holder ()
{
  bit is_first;

end_holder:
  do
  :: atomic { n_free > 1 -> n_free-- };
     give_back ()
  od
}

active proctype application ()
{
  bit is_first;

  /* subiter_port_send () */
  atomic { mailbox = 1; has_news = 1; worker_waits = 0 };
  n_made == PINS;
  if
  :: skip
  /* It has nothing left, and the worker, which has nothing to do, is told; */
  :: atomic { n_free == 1 -> n_free = 0 };
     give_back ();
     n_pins == 0
  fi;
  /* or it has one for longer than there is a worker. */
  atomic { closed = 1; has_news = 1; worker_waits = 0 };
  is_gone;
  if
  :: atomic { n_free == 1 -> n_free = 0 };
     give_back ()
  :: n_free == 0
  fi;
  has_ended && port_refs == 0
}
