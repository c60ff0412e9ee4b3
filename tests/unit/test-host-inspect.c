/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* vmm-inspect's parser in this process, so that the sanitizers watch it: images cut at every point
 * and with bytes changed at random must give an answer and no fault. */

#include "image-files.h"

#include <string.h>

#include "host/inspect/inspect-format.h"

#define MUTATIONS 20000

typedef struct
{
  const unsigned char *bytes;
  guint64 size;
  guint reads;
} Memory;

static long
read_memory (void *data, uint64_t offset, void *buffer, size_t size)
{
  Memory *memory = data;

  memory->reads++;
  g_assert_cmpuint (offset, <, memory->size);
  size = MIN (size, memory->size - offset);
  memcpy (buffer, memory->bytes + offset, size);
  return (long)size;
}

static InspectProblem
inspect (const unsigned char *bytes, gsize size, InspectFacts *facts)
{
  Memory memory = { bytes, size, 0 };
  const InspectSource source = { read_memory, &memory, size };
  InspectProblem problem = inspect_image (&source, facts);

  g_assert_nonnull (facts->format);
  g_assert_nonnull (memchr (facts->backing_file, '\0', sizeof facts->backing_file));
  g_assert_nonnull (memchr (facts->data_file, '\0', sizeof facts->data_file));
  g_assert_nonnull (memchr (facts->label, '\0', sizeof facts->label));
  /* Bounded work, whatever the image says: 2047 entries of two VHDX tables at most. */
  g_assert_cmpuint (memory.reads, <, 10000);
  return problem;
}

static const char *const formats[] = { "qcow2", "vmdk", "vdi", "vpc", "vhdx" };

static char *
make (const char *format, gsize *out_size)
{
  char *folder = image_folder_new ();
  g_autofree char *made =
      image_run (folder, "qemu-img", "create", "-q", "-f", format, "image", "4M", NULL);
  g_autofree char *path = image_path (folder, "image");
  char *bytes = NULL;

  g_assert_true (g_file_get_contents (path, &bytes, out_size, NULL));
  image_folder_free (folder);
  return bytes;
}

static void
test_cut (gconstpointer data)
{
  const char *format = data;
  gsize size;
  g_autofree char *bytes = make (format, &size);
  InspectFacts whole;
  guint good = 0;

  g_assert_cmpint (inspect ((unsigned char *)bytes, size, &whole), ==, INSPECT_OK);
  g_assert_cmpstr (whole.format, ==, format);
  for (gsize cut = 0; cut < size; cut += cut < 2048 ? 1 : cut < 512 * 1024 ? 509 : 262139)
    {
      /* A copy of its own, so that a read behind its end is seen. */
      g_autofree unsigned char *part = g_memdup2 (bytes, MAX (cut, 1));
      InspectFacts facts;
      InspectProblem problem = inspect (part, cut, &facts);

      if (problem == INSPECT_OK && g_str_equal (facts.format, format))
        {
          g_assert_cmpuint (facts.virtual_size, ==, whole.virtual_size);
          good++;
        }
    }
  g_test_message ("%s: %u of %" G_GSIZE_FORMAT " cut images still tell all", format, good, size);
  /* Its first bytes alone are none. */
  for (gsize cut = 0; cut < 64; cut++)
    {
      InspectFacts facts;

      g_assert_false (inspect ((unsigned char *)bytes, cut, &facts) == INSPECT_OK &&
                      g_str_equal (facts.format, format));
    }
}

static void
test_changed (gconstpointer data)
{
  const char *format = data;
  gsize size;
  g_autofree char *bytes = make (format, &size);
  /* Where the headers are: the first sectors, and VHDX's tables. */
  gsize reach = MIN (size, g_str_equal (format, "vhdx") ? 320 * 1024 : 2048);

  for (guint i = 0; i < MUTATIONS; i++)
    {
      unsigned char saved[8];
      gsize at = (gsize)g_test_rand_int_range (0, (gint)(reach - sizeof saved));
      InspectFacts facts;

      memcpy (saved, bytes + at, sizeof saved);
      for (gsize j = 0; j < sizeof saved; j++)
        if (g_test_rand_bit ())
          bytes[at + j] = (char)(g_test_rand_bit () ? 0xff : g_test_rand_int ());
      inspect ((unsigned char *)bytes, size, &facts);
      /* Half of the changes stay, so that they add up. */
      if (g_test_rand_bit () || i % 64 == 0)
        memcpy (bytes + at, saved, sizeof saved);
      if (i % 512 == 511)
        {
          g_free (bytes);
          bytes = make (format, &size);
        }
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (formats); i++)
    {
      g_autofree char *cut = g_strdup_printf ("/inspect/cut/%s", formats[i]);
      g_autofree char *changed = g_strdup_printf ("/inspect/changed/%s", formats[i]);

      g_test_add_data_func (cut, formats[i], test_cut);
      g_test_add_data_func (changed, formats[i], test_changed);
    }
  return g_test_run ();
}
