/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* fuzz-NAME ROUNDS FILE…: a fuzz target without libFuzzer, so that every compiler and every test
 * run has it. Each file as it is, then ROUNDS mutations of it, the same in each run: bits flipped,
 * parts cut out, doubled, moved, or taken from another file. FUZZ_SEED gives other ones. */
#include "fuzz.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SIZE (64 * 1024)

static GPtrArray *files; /* of GBytes */

static void
flip (GByteArray *bytes, GRand *rand)
{
  for (int n = g_rand_int_range (rand, 1, 6); n > 0 && bytes->len > 0; n--)
    bytes->data[g_rand_int_range (rand, 0, (gint32)bytes->len)] ^=
        (guint8)(1 << g_rand_int_range (rand, 0, 8));
}

static void
cut (GByteArray *bytes, GRand *rand)
{
  guint start = bytes->len > 0 ? (guint)g_rand_int_range (rand, 0, (gint32)bytes->len) : 0;
  guint length = (guint)g_rand_int_range (rand, 0, 64);

  g_byte_array_remove_range (bytes, start, MIN (length, bytes->len - start));
}

static void
insert (GByteArray *bytes, guint at, const guint8 *data, gsize length)
{
  g_autofree guint8 *tail = g_memdup2 (bytes->data + at, bytes->len - at);
  guint tail_length = bytes->len - at;

  g_byte_array_set_size (bytes, at);
  g_byte_array_append (bytes, data, (guint)length);
  if (tail_length > 0)
    g_byte_array_append (bytes, tail, tail_length);
}

/* A part of one of the files, this one or another, goes in somewhere. */
static void
graft (GByteArray *bytes, GRand *rand)
{
  GBytes *from = files->pdata[g_rand_int_range (rand, 0, (gint32)files->len)];
  gsize size;
  const guint8 *data = g_bytes_get_data (from, &size);
  gsize start = size > 0 ? (gsize)g_rand_int_range (rand, 0, (gint32)size) : 0;
  gsize length = (gsize)g_rand_int_range (rand, 1, 200);
  guint at = bytes->len > 0 ? (guint)g_rand_int_range (rand, 0, (gint32)bytes->len) : 0;

  length = MIN (length, size - start);
  if (length > 0 && bytes->len + length < MAX_SIZE)
    insert (bytes, at, data + start, length);
}

static void
run (const guint8 *data, gsize size)
{
  /* A block of exactly this size, so that a byte read beyond it is seen. */
  g_autofree guint8 *exact = g_memdup2 (data, size);

  LLVMFuzzerTestOneInput (exact, size);
}

static void
mutate (GBytes *file, GRand *rand)
{
  static void (*const ways[]) (GByteArray *, GRand *) = { flip, cut, graft };
  gsize size;
  const guint8 *data = g_bytes_get_data (file, &size);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  g_byte_array_append (bytes, data, (guint)size);
  for (int n = g_rand_int_range (rand, 1, 4); n > 0; n--)
    ways[g_rand_int_range (rand, 0, G_N_ELEMENTS (ways))](bytes, rand);
  run (bytes->data, bytes->len);
}

int
main (int argc, char **argv)
{
  const char *seed = g_getenv ("FUZZ_SEED");
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed != NULL ? (guint32)atoi (seed) : 1);
  int rounds = argc > 2 ? atoi (argv[1]) : 0;

  files = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  for (int i = 2; i < argc; i++)
    {
      char *text;
      gsize length;

      if (!g_file_get_contents (argv[i], &text, &length, NULL))
        {
          fprintf (stderr, "%s cannot be read\n", argv[i]);
          return EXIT_FAILURE;
        }
      g_ptr_array_add (files, g_bytes_new_take (text, length));
    }
  printf ("1..%u\n", files->len);
  for (guint i = 0; i < files->len; i++)
    {
      gsize length;
      const guint8 *data = g_bytes_get_data (files->pdata[i], &length);

      run (data, length);
      for (int j = 0; j < rounds; j++)
        mutate (files->pdata[i], rand);
      printf ("ok %u - %s and %d mutations\n", i + 1, argv[i + 2], rounds);
      fflush (stdout);
    }
  rounds = files->len > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
  g_ptr_array_unref (files);
  return rounds;
}
