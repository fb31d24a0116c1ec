/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "subiter-block-private.h"

#include "subiter-sync-private.h"

/* A tool that watches what is freed is to see it. */
#if defined(__SANITIZE_ADDRESS__) || defined(SUBITER_WITHOUT_BLOCKS)
#define SUBITER_BLOCKS_ARE_FREED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define SUBITER_BLOCKS_ARE_FREED 1
#endif
#endif

#ifdef SUBITER_BLOCKS_ARE_FREED

gpointer
subiter_block_alloc (gsize size)
{
  return g_malloc (size);
}

void
subiter_block_free (gpointer block,
                    gsize size)
{
  g_free (block);
}

#else

/* 64, 128 and 256 bytes */
#define N_CLASSES 3
#define SMALLEST_CLASS 64
/* How many blocks are handed on together. */
#define N_TOGETHER 32
/* How many such bundles of a class wait for somebody who needs them, at most. */
#define MAX_BUNDLES 64

/* What a block is while nobody uses it. */
typedef struct _Block Block;
struct _Block
{
  Block *next;
  /* of the first of a bundle: the next bundle */
  Block *next_bundle;
};

typedef struct
{
  /* a full bundle that is kept back, so that one who takes and gives by turns does not
   * hand on each time; and one that is being filled or used up */
  Block *full;
  Block *open;
  guint n_open;
} Hand;

typedef struct
{
  Hand hands[N_CLASSES];
} Hands;

typedef struct
{
  GMutex lock;
  /* lock */
  Block *bundles;
  guint n_bundles;
} Store;

static Store stores[N_CLASSES];

static void hands_free (gpointer data);

static GPrivate hands_key = G_PRIVATE_INIT (hands_free);
static _Thread_local Hands *own_hands;

static inline guint
get_class (gsize size)
{
  return size <= SMALLEST_CLASS ? 0 : size <= SMALLEST_CLASS * 2 ? 1 : 2;
}

static void
free_bundle (Block *bundle)
{
  while (bundle != NULL)
    {
      Block *block = bundle;

      bundle = block->next;
      g_free (block);
    }
}

/* A bundle that is not full is of no use to others. */
static void
hands_free (gpointer data)
{
  Hands *hands = data;

  own_hands = NULL;
  for (guint i = 0; i < N_CLASSES; i++)
    {
      free_bundle (hands->hands[i].open);
      free_bundle (hands->hands[i].full);
    }
  g_free (hands);
}

static Hands *
make_hands (void)
{
  own_hands = g_new0 (Hands, 1);
  g_private_set (&hands_key, own_hands);

  return own_hands;
}

static Block *
take_bundle (Store *store)
{
  Block *bundle;

  subiter_lock (&store->lock);
  bundle = store->bundles;
  if (bundle != NULL)
    {
      store->bundles = bundle->next_bundle;
      store->n_bundles--;
    }
  subiter_unlock (&store->lock);

  return bundle;
}

static void
give_bundle (Store *store,
             Block *bundle)
{
  gboolean is_kept;

  subiter_lock (&store->lock);
  is_kept = store->n_bundles < MAX_BUNDLES;
  if (is_kept)
    {
      bundle->next_bundle = store->bundles;
      store->bundles = bundle;
      store->n_bundles++;
    }
  subiter_unlock (&store->lock);

  if (!is_kept)
    free_bundle (bundle);
}

/* Memory for @size bytes, up to SUBITER_BLOCK_MAX_SIZE; what is in there is anybody's
 * guess. */
gpointer
subiter_block_alloc (gsize size)
{
  guint class = get_class (size);
  Hands *hands = own_hands != NULL ? own_hands : make_hands ();
  Hand *hand = &hands->hands[class];
  Block *block;

  if (G_UNLIKELY (hand->open == NULL))
    {
      hand->open = hand->full != NULL ? g_steal_pointer (&hand->full) : take_bundle (&stores[class]);
      hand->n_open = hand->open != NULL ? N_TOGETHER : 0;
      if (hand->open == NULL)
        return g_malloc ((gsize) SMALLEST_CLASS << class);
    }

  block = hand->open;
  hand->open = block->next;
  hand->n_open--;

  return block;
}

/* Gives back what was taken for @size bytes, on whatever thread. */
void
subiter_block_free (gpointer block,
                    gsize size)
{
  guint class = get_class (size);
  Hands *hands = own_hands != NULL ? own_hands : make_hands ();
  Hand *hand = &hands->hands[class];
  Block *freed = block;

  if (G_UNLIKELY (hand->n_open == N_TOGETHER))
    {
      if (hand->full != NULL)
        give_bundle (&stores[class], hand->full);
      hand->full = hand->open;
      hand->open = NULL;
      hand->n_open = 0;
    }

  freed->next = hand->open;
  hand->open = freed;
  hand->n_open++;
}

#endif
