/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* What a fuzzer calls, or the program that replays inputs without one: each target has
 * these two. An input is wrong if the program does not survive it. */
int LLVMFuzzerInitialize (int *argc,
                          char ***argv);
int LLVMFuzzerTestOneInput (const guint8 *data,
                            gsize size);

/* Makes warnings fatal, in a way that a fuzzer sees as a crash of this input. */
void fuzz_init (void);

/* Makes something structured of the bytes of an input. Where they are used up, it goes
 * on with zeros: so every input means something, and a shorter one means less. */
typedef struct
{
  const guint8 *data;
  gsize size;
} FuzzReader;

gboolean fuzz_reader_is_at_end (const FuzzReader *reader);
guint8 fuzz_reader_take_byte (FuzzReader *reader);
/* from 0 to @n - 1 */
guint fuzz_reader_take_choice (FuzzReader *reader,
                               guint n);
guint64 fuzz_reader_take_number (FuzzReader *reader,
                                 gsize n_bytes);
/* a number of 64 bits, more often than not one that is small or at some limit */
gint64 fuzz_reader_take_int (FuzzReader *reader);
double fuzz_reader_take_double (FuzzReader *reader);
/* the length first, in a byte; not NUL-terminated */
const guint8 *fuzz_reader_take_bytes (FuzzReader *reader,
                                      gsize *length);
/* the length first, in a byte; valid UTF-8 without a NUL */
char *fuzz_reader_take_text (FuzzReader *reader);
/* up to the next line end, a NUL, or the end; whatever bytes these are */
char *fuzz_reader_take_line (FuzzReader *reader);

/* An error has a message that can be shown anywhere. */
void fuzz_assert_error (const GError *error);

G_END_DECLS
