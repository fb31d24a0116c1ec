/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * subiter-ring.c */

/* subiter_ring_push (), which has room */
inline push (value)
{
#ifdef RELAXED_TAIL_STORE
  store (TAIL, tail + 1);
  store (SLOTS + (tail & (N_SLOTS - 1)), value);
#else
  store (SLOTS + (tail & (N_SLOTS - 1)), value);
  store (TAIL, tail + 1);
#endif
  tail++
}

/* subiter_ring_wait_for_space () */
inline wait_for_space ()
{
  lock (RING_LOCK);
  do
  :: load (CLOSED) -> break
  :: else ->
     if
     :: tail - load (HEAD) < CAPACITY -> break
     :: else
     fi;
#ifdef LOOK_BEFORE_PARKED
     if
     :: !load (CLOSED) && tail - load (HEAD) >= CAPACITY -> flag = 1
     :: else
     fi;
     store (PARKED, 1);
     fence ();
#else
     store (PARKED, 1);
#ifndef NO_FENCE_PARK
     fence ();
#endif
#ifdef NO_SECOND_LOOK_PARK
     flag = 1;
#else
     if
     :: load (CLOSED)
     :: else ->
        atomic { flag = (tail - load (HEAD) >= CAPACITY) }
     fi;
#endif
#endif
     if
     :: flag ->
        flag = 0;
        do
        /* The store may still be under way: this thread sees it. */
        :: empty (buffer[me]) && !load (PARKED) -> break
        :: nempty (buffer[me]) || load (PARKED) -> cond_wait (RING_LOCK)
        od
     :: else ->
        store (PARKED, 0)
     fi
  od;
  unlock (RING_LOCK)
}

inline wake_producer ()
{
#ifdef WAKE_WITHOUT_LOCK
  atomic { exchange (flag, PARKED, 0) };
#else
  lock (RING_LOCK);
#ifdef WAKE_LEAVES_PARKED
  flag = load (PARKED);
#else
  atomic { exchange (flag, PARKED, 0) };
#endif
#endif
  atomic {
    if
    :: flag -> waits[WORKER] = 0
    :: else
    fi;
    flag = 0
  };
#ifndef WAKE_WITHOUT_LOCK
  unlock (RING_LOCK)
#endif
}

#ifdef HALF_FREE_IS_MORE_THAN_HALF
#define IS_HALF_FREE(n_items) (n_items) < CAPACITY / 2
#else
#ifdef WAKE_ON_HALF_ONLY_BEFORE_LAST
#define IS_HALF_FREE(n_items) (n_items) <= CAPACITY / 2 && (n_items) > 0
#else
#define IS_HALF_FREE(n_items) (n_items) <= CAPACITY / 2
#endif
#endif

/* subiter_ring_pop (): value is 0 if there is none */
inline pop ()
{
  value = 0;
#ifdef RELAXED_TAIL_LOAD
  number = memory[SLOTS + (head & (N_SLOTS - 1))];
#endif
  atomic {
    if
    :: head == cached_tail -> cached_tail = load (TAIL)
    :: else
    fi
  };
  if
  :: head == cached_tail
  :: else ->
#ifdef RELAXED_HEAD_STORE
     atomic { store (HEAD, head + 1); head++ };
     value = memory[SLOTS + ((head - 1) & (N_SLOTS - 1))];
#else
#ifdef RELAXED_TAIL_LOAD
     value = number;
#else
     value = memory[SLOTS + (head & (N_SLOTS - 1))];
#endif
     atomic { store (HEAD, head + 1); head++ };
#endif
#ifndef NO_FENCE_POP
     fence ();
#endif
     /* Both loads are relaxed enough to change places. */
     if
     :: atomic { load (PARKED) -> flag = 1 };
        number = load (TAIL)
     :: number = load (TAIL);
        flag = load (PARKED)
     :: !load (PARKED)
     fi;
     if
     :: flag && (IS_HALF_FREE (number - head)) ->
        wake_producer ()
     :: else
     fi;
     atomic { flag = 0; number = 0 }
  fi
}

/* subiter_ring_is_empty (), into flag. A thread that has popped itself sees its own
 * head; what others have popped it may see late, and after the tail. */
inline is_empty ()
{
#if NEXTS > 0
  if
  :: number = load (HEAD);
     atomic { flag = (number == load (TAIL)); number = 0 }
  :: number = load (TAIL);
     atomic { flag = (number == load (HEAD)); number = 0 }
  fi
#else
  flag = (head == load (TAIL))
#endif
}

/* subiter_ring_close () */
inline ring_close ()
{
#ifdef CLOSED_AFTER_WAKE
  wake_producer ();
  store (CLOSED, 1)
#else
  store (CLOSED, 1);
#ifndef CLOSE_DOES_NOT_WAKE
  wake_producer ()
#endif
#endif
}
