/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Very many items of one source: each is what it should be, and the checksum of
 * all that came is that of all that was made, which comes last. */

#include "soak-process.h"

#include <subiter.h>

static const char code[] =
    "import zlib\n"
    "\n"
    "def items (n):\n"
    "    crc = 0\n"
    "    for i in range (n):\n"
    "        if i % 3 == 0:\n"
    "            item = i * 1000003\n"
    "            text = b'%d' % item\n"
    "        elif i % 3 == 1:\n"
    "            item = f'{i:064d}'\n"
    "            text = item.encode ()\n"
    "        else:\n"
    "            item = (i, f'{i:020d}', i / 2)\n"
    "            text = item[1].encode ()\n"
    "        crc = zlib.crc32 (text, crc)\n"
    "        yield item\n"
    "    yield crc\n";

typedef struct
{
  gint64 n_expected;
  gint64 n_items;
  guint32 crc;
  gboolean is_checked;
  gboolean is_finished;
} Sum;

static guint32 crc_table[256];

static void
make_crc_table (void)
{
  for (guint32 i = 0; i < 256; i++)
    {
      guint32 x = i;

      for (int j = 0; j < 8; j++)
        x = x & 1 ? (x >> 1) ^ 0xedb88320u : x >> 1;
      crc_table[i] = x;
    }
}

static guint32
add_crc (guint32 crc,
         const char *text)
{
  crc = ~crc;
  for (; *text != '\0'; text++)
    crc = crc_table[(crc ^ (guint8) *text) & 0xff] ^ (crc >> 8);

  return ~crc;
}

static void
check_item (Sum *sum,
            GVariant *item)
{
  gint64 i = sum->n_items++;
  char digits[32];
  const char *text;
  gint64 number;
  double half;

  if (i == sum->n_expected)
    {
      g_assert_cmpint (g_variant_get_int64 (item), ==, sum->crc);
      sum->is_checked = TRUE;
      return;
    }

  switch (i % 3)
    {
    case 0:
      number = g_variant_get_int64 (item);
      g_assert_cmpint (number, ==, i * 1000003);
      g_snprintf (digits, sizeof digits, "%" G_GINT64_FORMAT, number);
      sum->crc = add_crc (sum->crc, digits);
      break;
    case 1:
      text = g_variant_get_string (item, NULL);
      g_assert_cmpuint (strlen (text), ==, 64);
      g_assert_cmpint (g_ascii_strtoll (text, NULL, 10), ==, i);
      sum->crc = add_crc (sum->crc, text);
      break;
    default:
      g_variant_get (item, "(x&sd)", &number, &text, &half);
      g_assert_cmpint (number, ==, i);
      g_assert_cmpfloat (half, ==, (double) i / 2);
      sum->crc = add_crc (sum->crc, text);
    }
}

static void
take_item (SubiterSource *source,
           GVariant *item,
           gpointer user_data)
{
  check_item (user_data, item);
}

static void
on_finished (SubiterSource *source,
             Sum *sum)
{
  sum->is_finished = TRUE;
}

static void
on_failed (SubiterSource *source,
           GError *error,
           Sum *sum)
{
  g_assert_no_error (error);
}

static void
take_by_next (SubiterSource *source,
              Sum *sum)
{
  for (;;)
    {
      GError *error = NULL;
      g_autoptr (GVariant) item = subiter_source_next (source, NULL, &error);

      g_assert_no_error (error);
      if (item == NULL)
        return;
      check_item (sum, item);
    }
}

int
main (int argc,
      char **argv)
{
  g_autoptr (SubiterCallable) callable = NULL;
  g_autoptr (SubiterCallable) bound = NULL;
  g_autoptr (SubiterSource) source = NULL;
  Sum sum = { 0 };
  GError *error = NULL;
  gint64 began;
  gint64 rss;

  g_assert_cmpint (argc, ==, 3);
  make_crc_table ();
  sum.n_expected = g_ascii_strtoll (argv[2], NULL, 10);
  callable = subiter_callable_new_for_source_code (code, "items", &error);
  g_assert_no_error (error);
  bound = subiter_callable_bind (callable, g_variant_new ("(x)", sum.n_expected), NULL, &error);
  g_assert_no_error (error);
  source = subiter_source_new (bound);

  began = g_get_monotonic_time ();
  if (g_str_equal (argv[1], "next"))
    {
      take_by_next (source, &sum);
    }
  else
    {
      subiter_source_set_item_func (source, take_item, &sum, NULL);
      g_signal_connect (source, "finished", G_CALLBACK (on_finished), &sum);
      g_signal_connect (source, "failed", G_CALLBACK (on_failed), &sum);
      subiter_source_start (source);
      while (!sum.is_finished)
        g_main_context_iteration (NULL, TRUE);
    }
  rss = soak_get_rss ();
  soak_print_figure ("items-per-s", (double) sum.n_items
                     / ((double) (g_get_monotonic_time () - began) / G_TIME_SPAN_SECOND));
  soak_print_figure ("rss-mib", (double) rss / 1024.0);
  g_assert_true (sum.is_checked);
  g_assert_cmpint (sum.n_items, ==, sum.n_expected + 1);

  return 0;
}
