/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Small memory that one thread takes and another gives back, over and over, as that of
 * items does. malloc () is slow at just that: what comes back belongs to the part of the heap of
 * the thread that took it, so that both threads want the lock of that for every item. Here
 * each thread has a handful at hand, and hands on many at a time. */

/* What is larger is for malloc (). */
#define SUBITER_BLOCK_MAX_SIZE 256

gpointer subiter_block_alloc (gsize size);
void subiter_block_free (gpointer block,
                         gsize size);

G_END_DECLS
