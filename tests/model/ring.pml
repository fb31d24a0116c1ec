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

/* subiter_ring_spin_for_space (), and the push that comes after it: there is room by now.
 * In vain, it is as if it had not been tried. */
inline spin_for_space ()
{
  atomic { tail - load (HEAD) < CAPACITY -> cached_head = load (HEAD) }
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

/* subiter_ring_settle (), with something to settle */
inline settle ()
{
  n_unsettled = 0;
#ifndef NO_FENCE_SETTLE
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
}

/* subiter_run_settle (), by a consumer that leaves the ring */
#ifdef NO_SETTLE_ON_LEAVING
#define leave_ring() skip
#else
#define leave_ring() \
  if \
  :: n_unsettled > 0 -> settle () \
  :: else \
  fi
#endif

/* What move_head () settles after. The rings here are too small for a quarter to be more than
 * one item, so that how many may be given. */
#ifdef SETTLES_AFTER
#define IS_QUARTER(n_popped) (n_popped) >= SETTLES_AFTER
#else
#define IS_QUARTER(n_popped) (n_popped) * 4 >= CAPACITY
#endif

/* What count_available () settles, on finding the ring empty. */
#ifdef NO_SETTLE_ON_EMPTY
#define IS_LEFT_OVER false
#else
#define IS_LEFT_OVER n_unsettled > 0
#endif

/* subiter_ring_pop (): value is 0 if there is none. That it settles is there once for both of
 * its cases. */
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
  :: head == cached_tail -> settles = (IS_LEFT_OVER)
  :: else ->
#ifdef SETTLES_FIRST
     settle ();
#endif
#ifdef RELAXED_HEAD_STORE
     atomic { store (HEAD, head + 1); head++; n_unsettled++ };
     value = memory[SLOTS + ((head - 1) & (N_SLOTS - 1))];
#else
#ifdef RELAXED_TAIL_LOAD
     value = number;
#else
     value = memory[SLOTS + (head & (N_SLOTS - 1))];
#endif
     atomic { store (HEAD, head + 1); head++; n_unsettled++ };
#endif
     settles = (IS_QUARTER (n_unsettled))
  fi;
  if
#ifdef SETTLES_FIRST
  :: settles -> settles = 0; n_unsettled = 0
#else
  :: settles -> settles = 0; settle ()
#endif
  :: else
  fi
}

#if !PULLS
/* What is in the hand: the places of the items, or copies of them. */
#ifdef HAND_KEEPS_PLACES
#define in_hand(number) memory[SLOTS + ((head - n_hand + (number)) & (N_SLOTS - 1))]
#else
#define in_hand(number) hand[number]
#endif

/* move_head (), but for settling */
#define move_head(n_popped) \
  atomic { store (HEAD, head + n_popped); head = head + n_popped; n_unsettled = n_unsettled + n_popped }

/* subiter_ring_advance () */
inline advance (n_popped)
{
  if
  :: n_popped > 0 ->
     move_head (n_popped);
     if
     :: IS_QUARTER (n_unsettled) -> settle ()
     :: else
     fi
  :: else
  fi
}

/* subiter_ring_peek_many (), into an empty hand. That it settles is only for a hand that
 * stays empty. */
inline peek_many ()
{
  atomic {
    if
    :: head == cached_tail -> cached_tail = load (TAIL)
    :: else
    fi;
    n_hand = (cached_tail - head > HAND -> HAND : cached_tail - head)
  };
  if
  :: n_hand == 0 && (IS_LEFT_OVER) -> settle ()
  :: else
  fi;
#ifdef HAND_KEEPS_PLACES
  if
  :: n_hand > 0 -> move_head (n_hand)
  :: else
  fi
#else
  do
  :: number < n_hand ->
     atomic { hand[number] = memory[SLOTS + ((head + number) & (N_SLOTS - 1))]; number++ }
  :: else -> break
  od;
  number = 0
#endif
}
#endif

#if BATCH > 0
/* subiter_run_pop_batch () with subiter_ring_pop_many (): how many, in value. The slots are read
 * in order, before the head is moved over all of them. */
inline pop_batch ()
{
  atomic {
    value = 0;
    number = load (TAIL) - head;
    if
    :: number > BATCH -> number = BATCH
    :: else
    fi
  };
  if
  :: number > 0 ->
     /* count_available () */
     atomic {
       if
       :: head == cached_tail -> cached_tail = load (TAIL)
       :: else
       fi;
       if
       :: number > cached_tail - head -> number = cached_tail - head
       :: else
       fi
     };
#ifdef BATCH_MOVES_HEAD_FIRST
     store (HEAD, head + number);
#endif
     do
     :: value < number ->
        atomic {
          taken = memory[SLOTS + ((head + value) & (N_SLOTS - 1))];
          assert (taken == received + 1);
          received = taken;
          taken = 0;
          value++
        }
     :: else -> break
     od;
     atomic {
#ifndef BATCH_MOVES_HEAD_FIRST
       store (HEAD, head + number);
#endif
       head = head + number;
       n_unsettled = n_unsettled + number;
       number = 0
     };
     /* move_head () may have settled before, which makes no difference. */
     leave_ring ()
  :: else
  fi
}
#endif

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
