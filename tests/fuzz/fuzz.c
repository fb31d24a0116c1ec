/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fuzz.h"

#include <string.h>

static GLogWriterOutput
write_log (GLogLevelFlags level,
           const GLogField *fields,
           gsize n_fields,
           gpointer user_data)
{
  GLogWriterOutput result = g_log_writer_default (level, fields, n_fields, NULL);

  /* Not by G_DEBUG=fatal-warnings: that ends in a breakpoint, which a fuzzer does not catch. */
  if ((level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING)) != 0)
    g_abort ();

  return result;
}

void
fuzz_init (void)
{
  static gboolean is_done;

  if (is_done)
    return;

  is_done = TRUE;
  g_log_set_writer_func (write_log, NULL, NULL);
}

gboolean
fuzz_reader_is_at_end (const FuzzReader *reader)
{
  return reader->size == 0;
}

guint8
fuzz_reader_take_byte (FuzzReader *reader)
{
  if (reader->size == 0)
    return 0;

  reader->size--;

  return *reader->data++;
}

guint
fuzz_reader_take_choice (FuzzReader *reader,
                         guint n)
{
  return fuzz_reader_take_byte (reader) % n;
}

guint64
fuzz_reader_take_number (FuzzReader *reader,
                         gsize n_bytes)
{
  guint64 number = 0;

  for (gsize i = 0; i < n_bytes; i++)
    number = number << 8 | fuzz_reader_take_byte (reader);

  return number;
}

gint64
fuzz_reader_take_int (FuzzReader *reader)
{
  guint8 how = fuzz_reader_take_byte (reader);
  guint shift;

  /* Around each power of two, where the limits of all types are. */
  if (how >= 0xc0)
    return (gint64) fuzz_reader_take_number (reader, 8);
  shift = how & 0x3f;
  if (how >= 0x80)
    return (gint64) (~(((guint64) 1 << shift) - 1) - (shift < 63 ? fuzz_reader_take_byte (reader) & 1 : 0));
  if (how >= 0x40)
    return (gint64) (((guint64) 1 << shift) - 1) + (shift < 63 ? fuzz_reader_take_byte (reader) & 1 : 0);

  return (gint8) fuzz_reader_take_byte (reader);
}

double
fuzz_reader_take_double (FuzzReader *reader)
{
  static const double special[] = { 0.0, -0.0, 1.0, -1.5, G_MAXDOUBLE, G_MINDOUBLE, 0x1p-1074, 0x1p53 + 2, 0x1p63, 0.1 };
  guint8 how = fuzz_reader_take_byte (reader);
  guint64 bits;
  double number;

  if (how < G_N_ELEMENTS (special))
    return special[how];

  bits = fuzz_reader_take_number (reader, 8);
  memcpy (&number, &bits, sizeof number);

  return number;
}

const guint8 *
fuzz_reader_take_bytes (FuzzReader *reader,
                        gsize *length)
{
  gsize wanted = fuzz_reader_take_byte (reader);
  const guint8 *bytes = reader->data;

  *length = MIN (wanted, reader->size);
  if (*length == 0)
    return (const guint8 *) "";
  reader->data += *length;
  reader->size -= *length;

  return bytes;
}

char *
fuzz_reader_take_text (FuzzReader *reader)
{
  gsize length;
  const guint8 *bytes = fuzz_reader_take_bytes (reader, &length);

  return g_utf8_make_valid ((const char *) bytes, (gssize) length);
}

char *
fuzz_reader_take_line (FuzzReader *reader)
{
  const guint8 *line = reader->data;
  gsize length = 0;

  while (length < reader->size && line[length] != '\n' && line[length] != '\0')
    length++;
  if (reader->size == 0)
    return g_strdup ("");
  reader->data += MIN (length + 1, reader->size);
  reader->size -= MIN (length + 1, reader->size);

  return g_strndup ((const char *) line, length);
}

void
fuzz_assert_error (const GError *error)
{
  g_assert_nonnull (error);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_cmpstr (error->message, !=, "");
}

/* For targets that have nothing of their own to set up. */
__attribute__ ((weak)) int
LLVMFuzzerInitialize (int *argc,
                      char ***argv)
{
  fuzz_init ();

  return 0;
}
