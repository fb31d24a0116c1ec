/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-test-support.h"

#include "subiter-ring-private.h"

#include <string.h>

/* The indices ask for cache lines of their own. */
static SubiterRing *
ring_new (guint capacity)
{
  SubiterRing *ring = g_aligned_alloc0 (1, sizeof (SubiterRing), 64);

  subiter_ring_init (ring, capacity);

  return ring;
}

static void
ring_free (SubiterRing *ring)
{
  subiter_ring_clear (ring);
  g_aligned_free (ring);
}

static gboolean
push (SubiterRing *ring,
      gint64 number)
{
  SubiterValue value;

  subiter_value_init (&value);
  subiter_value_set_int64 (&value, number);

  return subiter_ring_push (ring, &value);
}

static gint64
pop (SubiterRing *ring)
{
  SubiterValue value;

  g_assert_true (subiter_ring_pop (ring, &value));
  g_assert_cmpint (subiter_value_get_kind (&value), ==, SUBITER_VALUE_INT64);

  return value.data.int64;
}

static const guint capacities[] = { 1, 2, 3, 64, 1000 };

static void
test_order (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (capacities); i++)
    {
      guint capacity = capacities[i];
      SubiterRing *ring = ring_new (capacity);
      SubiterValue value;
      gint64 n_pushed = 0;
      gint64 n_popped = 0;

      g_assert_true (subiter_ring_is_empty (ring));
      g_assert_false (subiter_ring_pop (ring, &value));
      /* Several rounds, so that the indices go around from every start. */
      for (guint round = 0; round < capacity * 3 + 10; round++)
        {
          guint n = round % capacity + 1;

          for (guint j = 0; j < n; j++)
            g_assert_true (push (ring, n_pushed++));
          g_assert_false (subiter_ring_is_empty (ring));
          for (guint j = 0; j < n; j++)
            g_assert_cmpint (pop (ring), ==, n_popped++);
          g_assert_true (subiter_ring_is_empty (ring));
        }
      g_assert_false (subiter_ring_pop (ring, &value));
      ring_free (ring);
    }
}

static void
test_full (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (capacities); i++)
    {
      guint capacity = capacities[i];
      SubiterRing *ring = ring_new (capacity);
      SubiterValue value;

      for (guint j = 0; j < capacity; j++)
        g_assert_true (push (ring, j));

      /* Exactly the capacity, whatever the number of slots is; and who is
       * refused keeps its value. */
      subiter_value_init (&value);
      subiter_value_set_string (&value, "kept", -1);
      g_assert_false (subiter_ring_push (ring, &value));
      g_assert_cmpstr (subiter_value_get_string (&value, NULL), ==, "kept");

      g_assert_cmpint (pop (ring), ==, 0);
      g_assert_true (subiter_ring_push (ring, &value));
      g_assert_cmpint (subiter_value_get_kind (&value), ==, SUBITER_VALUE_NONE);
      g_assert_false (push (ring, 0));
      ring_free (ring);
    }
}

static void
test_clear_with_contents (void)
{
  SubiterRing *ring = ring_new (5);
  SubiterValue value;

  subiter_value_init (&value);
  subiter_value_set_string (&value, "text", -1);
  g_assert_true (subiter_ring_push (ring, &value));
  subiter_value_set_string (subiter_value_set_list (&value, 2), "text", -1);
  g_assert_true (subiter_ring_push (ring, &value));
  ring_free (ring);
}

static void
test_close (void)
{
  SubiterRing *ring = ring_new (2);

  g_assert_false (subiter_ring_is_closed (ring));
  g_assert_true (subiter_ring_wait_for_space (ring));
  g_assert_true (push (ring, 1));
  g_assert_true (push (ring, 2));
  subiter_ring_close (ring);
  subiter_ring_close (ring);
  g_assert_true (subiter_ring_is_closed (ring));
  g_assert_false (subiter_ring_wait_for_space (ring));

  /* What is in it stays. */
  g_assert_cmpint (pop (ring), ==, 1);
  g_assert_cmpint (pop (ring), ==, 2);
  g_assert_false (subiter_ring_wait_for_space (ring));
  ring_free (ring);
}

typedef struct
{
  SubiterRing *ring;
  gint64 n_values;
  SubiterTestFlag done;
  gboolean result;
} Producer;

static gpointer
wait_main (gpointer data)
{
  Producer *producer = data;

  producer->result = subiter_ring_wait_for_space (producer->ring);
  subiter_test_flag_set (&producer->done);

  return NULL;
}

static gboolean
is_parked (SubiterRing *ring)
{
  return atomic_load (&ring->parked) != 0;
}

/* Parks on a full ring, and is woken once half of it is free. */
static void
test_park (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (capacities); i++)
    {
      guint capacity = capacities[i];
      SubiterRing *ring = ring_new (capacity);
      Producer producer = { .ring = ring };
      GThread *thread;
      guint n_left = capacity;

      for (guint j = 0; j < capacity; j++)
        g_assert_true (push (ring, j));
      thread = g_thread_new ("producer", wait_main, &producer);
      subiter_test_block_until (is_parked (ring));

      while (n_left - 1 > capacity / 2)
        {
          pop (ring);
          n_left--;
          g_assert_true (is_parked (ring));
          g_assert_false (subiter_test_flag_is_set (&producer.done));
        }
      pop (ring);
      g_assert_false (is_parked (ring));
      g_thread_join (thread);
      g_assert_true (subiter_test_flag_is_set (&producer.done));
      g_assert_true (producer.result);
      ring_free (ring);
    }
}

static void
test_close_wakes (void)
{
  SubiterRing *ring = ring_new (1);
  Producer producer = { .ring = ring };
  GThread *thread;

  g_assert_true (push (ring, 0));
  thread = g_thread_new ("producer", wait_main, &producer);
  subiter_test_block_until (is_parked (ring));
  subiter_ring_close (ring);
  g_thread_join (thread);
  g_assert_true (subiter_test_flag_is_set (&producer.done));
  g_assert_false (producer.result);
  ring_free (ring);
}

/* Every other value is one that has to be freed. */
static gpointer
produce_main (gpointer data)
{
  Producer *producer = data;

  for (gint64 i = 0; i < producer->n_values; i++)
    {
      SubiterValue value;

      subiter_value_init (&value);
      if (i % 2 == 0)
        {
          subiter_value_set_int64 (&value, i);
        }
      else
        {
          g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT, i);

          subiter_value_set_string (&value, text, -1);
        }
      while (!subiter_ring_push (producer->ring, &value))
        g_assert_true (subiter_ring_wait_for_space (producer->ring));
    }
  subiter_test_flag_set (&producer->done);

  return NULL;
}

static void
check_value (SubiterValue *value,
             gint64 expected)
{
  gint64 number = value->kind == SUBITER_VALUE_STRING
                      ? g_ascii_strtoll (subiter_value_get_string (value, NULL), NULL, 10)
                      : value->data.int64;

  g_assert_cmpint (number, ==, expected);
  subiter_value_clear (value);
}

/* However many come meanwhile, no more are given than there is room for. */
static void
test_many (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (capacities); i++)
    {
      for (guint max = 1; max <= 8; max *= 2)
        {
          SubiterRing *ring = ring_new (capacities[i]);
          Producer producer = { .ring = ring, .n_values = subiter_test_is_thorough () ? 1000000 : 20000 };
          GThread *thread = g_thread_new ("producer", produce_main, &producer);
          gint64 n_popped = 0;

          while (n_popped < producer.n_values)
            {
              SubiterValue values[9];
              gboolean peeks = n_popped % 3 == 0;
              guint n;

              memset (values, 0x55, sizeof values);
              n = peeks ? subiter_ring_peek_many (ring, values, max) : subiter_ring_pop_many (ring, values, max);
              g_assert_cmpuint (n, <=, max);
              g_assert_cmpuint (values[max].kind, ==, 0x55);
              for (guint k = 0; k < n; k++)
                check_value (&values[k], n_popped++);
              if (peeks)
                subiter_ring_advance (ring, n);
              subiter_ring_settle (ring);
            }
          g_thread_join (thread);
          g_assert_true (subiter_ring_is_empty (ring));
          ring_free (ring);
        }
    }
}

static void
test_threads (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (capacities); i++)
    {
      SubiterRing *ring = ring_new (capacities[i]);
      Producer producer = { .ring = ring, .n_values = subiter_test_is_thorough () ? 1000000 : 20000 };
      GThread *thread = g_thread_new ("producer", produce_main, &producer);
      gint64 n_popped = 0;

      while (n_popped < producer.n_values)
        {
          SubiterValue value;

          if (!subiter_ring_pop (ring, &value))
            {
              g_thread_yield ();
              continue;
            }
          check_value (&value, n_popped);
          n_popped++;
        }
      g_thread_join (thread);
      g_assert_true (subiter_test_flag_is_set (&producer.done));
      g_assert_true (subiter_ring_is_empty (ring));
      ring_free (ring);
    }
}

/* Closed at a moment that nobody knows: the producer always gets to hear. */
static void
test_close_race (void)
{
  guint n_rounds = subiter_test_is_thorough () ? 5000 : 300;

  for (guint i = 0; i < n_rounds; i++)
    {
      SubiterRing *ring = ring_new (1);
      Producer producer = { .ring = ring };
      GThread *thread;

      g_assert_true (push (ring, 0));
      thread = g_thread_new ("producer", wait_main, &producer);
      for (guint j = 0; j < i % 7; j++)
        g_thread_yield ();
      subiter_ring_close (ring);
      g_thread_join (thread);
      g_assert_true (subiter_test_flag_is_set (&producer.done));
      g_assert_false (producer.result);
      ring_free (ring);
    }
}

int
main (int argc,
      char **argv)
{
  subiter_test_init (&argc, &argv);
  subiter_test_add ("/ring/order", test_order);
  subiter_test_add ("/ring/full", test_full);
  subiter_test_add ("/ring/clear-with-contents", test_clear_with_contents);
  subiter_test_add ("/ring/close", test_close);
  subiter_test_add ("/ring/park", test_park);
  subiter_test_add ("/ring/close-wakes", test_close_wakes);
  subiter_test_add ("/ring/threads", test_threads);
  subiter_test_add ("/ring/many", test_many);
  subiter_test_add ("/ring/close-race", test_close_race);

  return subiter_test_run ();
}
