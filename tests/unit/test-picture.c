/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Pictures of screens, which come from guests: what is no picture is refused, what is one is made
 * small rightly. */
#include "shared/inn-picture.h"

#include <string.h>

#define RED    "\377\0\0"
#define BLUE   "\0\0\377"
#define PURPLE "\177\0\177"

static GBytes *
shrink (GString *ppm, guint max_width, guint max_height, guint *out_width, guint *out_height)
{
  g_autoptr (GError) error = NULL;
  GBytes *pixels = inn_picture_shrink ((const guint8 *)ppm->str, ppm->len, max_width, max_height,
                                       out_width, out_height, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (g_bytes_get_size (pixels), ==, (gsize)*out_width * *out_height * 3);
  return pixels;
}

static void
test_refused (void)
{
  static const char *const bad[] = {
    "",
    "P6",
    "P5\n1 1\n255\nxxx",
    "P6\n2 2\n255\nxxxxxxxxxxx",
    "P6\n0 1\n255\n",
    "P6\n1 0\n255\n",
    "P6\n99999999999999999999 1\n255\nxxx",
    "P6\n16385 1\n255\nxxx",
    "P6\n16384 16384\n255\nxxx",
    "P6\n-1 1\n255\nxxx",
    "P6\n1 1\n65535\nxxxxxx",
    "P6\n1 1\n255",
    "P6\n# only a comment",
  };
  guint width, height;

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", bad[i]);
      g_assert_null (inn_picture_shrink ((const guint8 *)bad[i], strlen (bad[i]), 128, 80, &width,
                                         &height, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
    }
}

static void
test_shrunk (void)
{
  g_autoptr (GString) ppm = g_string_new ("P6\n# made here\n640 400\n255\n");
  g_autoptr (GBytes) pixels = NULL;
  const char *p;
  guint width, height;

  for (guint i = 0; i < 640 * 400; i++)
    g_string_append_len (ppm, i % 640 < 320 ? RED : BLUE, 3);
  pixels = shrink (ppm, 128, 80, &width, &height);
  g_assert_cmpuint (width, ==, 128);
  g_assert_cmpuint (height, ==, 80);
  p = g_bytes_get_data (pixels, NULL);
  for (guint i = 0; i < 128 * 80; i++)
    g_assert_cmpmem (p + i * 3, 3, i % 128 < 64 ? RED : BLUE, 3);
}

/* A small pixel is the mean of those that it stands for. */
static void
test_mixed (void)
{
  g_autoptr (GString) ppm = g_string_new ("P6 4 2 255\n");
  g_autoptr (GBytes) pixels = NULL;
  guint width, height;

  for (guint i = 0; i < 8; i++)
    g_string_append_len (ppm, i % 2 == 0 ? RED : BLUE, 3);
  pixels = shrink (ppm, 2, 100, &width, &height);
  g_assert_cmpuint (width, ==, 2);
  g_assert_cmpuint (height, ==, 1);
  g_assert_cmpmem (g_bytes_get_data (pixels, NULL), 6, PURPLE PURPLE, 6);
}

static void
test_small_stays (void)
{
  g_autoptr (GString) ppm = g_string_new ("P6\n2 1\n255\n");
  g_autoptr (GBytes) pixels = NULL;
  InnPictureHead head;
  guint width, height;

  g_string_append_len (ppm, RED BLUE "behind it", 15);
  g_assert_true (inn_picture_read_head ((const guint8 *)ppm->str, ppm->len, &head, NULL));
  g_assert_cmpuint (head.length, ==, head.offset + 6);
  g_assert_cmpuint (head.offset, ==, strlen ("P6\n2 1\n255\n"));
  pixels = shrink (ppm, 128, 80, &width, &height);
  g_assert_cmpuint (width, ==, 2);
  g_assert_cmpuint (height, ==, 1);
  g_assert_cmpmem (g_bytes_get_data (pixels, NULL), 6, RED BLUE, 6);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/picture/refused", test_refused);
  g_test_add_func ("/picture/shrunk", test_shrunk);
  g_test_add_func ("/picture/mixed", test_mixed);
  g_test_add_func ("/picture/small-stays", test_small_stays);
  return g_test_run ();
}
