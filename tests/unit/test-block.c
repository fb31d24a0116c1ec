/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-test-support.h"

#include "subiter-block-private.h"

#include <string.h>

/* Blocks of every size hold what is written into them, whoever gave one back before. */
static void
test_sizes (void)
{
  gpointer blocks[SUBITER_BLOCK_MAX_SIZE + 1];

  for (int round = 0; round < 3; round++)
    {
      for (gsize size = 1; size <= SUBITER_BLOCK_MAX_SIZE; size++)
        {
          blocks[size] = subiter_block_alloc (size);
          g_assert_cmpuint ((gsize) blocks[size] % 8, ==, 0);
          memset (blocks[size], (int) (size % 251), size);
        }
      for (gsize size = 1; size <= SUBITER_BLOCK_MAX_SIZE; size++)
        {
          for (gsize i = 0; i < size; i++)
            g_assert_cmpuint (((guint8 *) blocks[size])[i], ==, size % 251);
          subiter_block_free (blocks[size], size);
        }
    }
}

#define N_BLOCKS 100000

/* GLib's own queue orders what a sanitizer does not see. */
typedef struct
{
  GMutex lock;
  GCond cond;
  guint32 *blocks[64];
  guint n_blocks;
} Queue;

static void
queue_push (Queue *queue,
            guint32 *block)
{
  subiter_lock (&queue->lock);
  while (queue->n_blocks == G_N_ELEMENTS (queue->blocks))
    subiter_cond_wait (&queue->cond, &queue->lock);
  queue->blocks[queue->n_blocks++] = block;
  g_cond_broadcast (&queue->cond);
  subiter_unlock (&queue->lock);
}

static guint32 *
queue_pop (Queue *queue)
{
  guint32 *block;

  subiter_lock (&queue->lock);
  while (queue->n_blocks == 0)
    subiter_cond_wait (&queue->cond, &queue->lock);
  block = queue->blocks[--queue->n_blocks];
  g_cond_broadcast (&queue->cond);
  subiter_unlock (&queue->lock);

  return block;
}

typedef struct
{
  Queue *queue;
  guint seed;
} Giver;

static gpointer
give_main (gpointer data)
{
  Giver *giver = data;
  g_autoptr (GRand) rand = g_rand_new_with_seed (giver->seed);

  for (int i = 0; i < N_BLOCKS; i++)
    {
      guint32 size = (guint32) g_rand_int_range (rand, 8, SUBITER_BLOCK_MAX_SIZE + 1);
      guint32 *block = subiter_block_alloc (size);

      block[0] = size;
      memset (block + 1, (int) (size % 251), size - 4);
      queue_push (giver->queue, block);
    }

  return NULL;
}

static gpointer
take_main (gpointer data)
{
  Queue *queue = data;

  for (int i = 0; i < N_BLOCKS; i++)
    {
      guint32 *block = queue_pop (queue);
      guint32 size = block[0];

      for (guint32 k = 4; k < size; k++)
        g_assert_cmpuint (((guint8 *) block)[k], ==, size % 251);
      subiter_block_free (block, size);
    }

  return NULL;
}

/* One thread takes and another one gives back; all of them end, with what they have at hand. */
static void
test_threads (void)
{
  Queue queue = { .n_blocks = 0 };
  Giver givers[2];
  GThread *threads[4];

  for (guint i = 0; i < 2; i++)
    {
      givers[i] = (Giver) { &queue, g_test_rand_int () };
      threads[i] = g_thread_new ("give", give_main, &givers[i]);
      threads[2 + i] = g_thread_new ("take", take_main, &queue);
    }
  for (guint i = 0; i < 4; i++)
    g_thread_join (threads[i]);
}

int
main (int argc,
      char **argv)
{
  subiter_test_init (&argc, &argv);
  subiter_test_add ("/block/sizes", test_sizes);
  subiter_test_add ("/block/threads", test_threads);

  return subiter_test_run ();
}
