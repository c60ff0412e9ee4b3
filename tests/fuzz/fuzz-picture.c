/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Any bytes as a picture of a guest's screen: as QEMU has written it into the file that the helper
 * gave it, and as the helper hands it on. The first two bytes say how small it is to be. */
#include "fuzz.h"

/* For what it does to QEMU's file before anybody sees it. */
#include "machine/vmh-picture.c"

#include <stdlib.h>

static void
shrink (const uint8_t *data, size_t size, guint max_width, guint max_height)
{
  guint width, height;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) pixels =
      inn_picture_shrink (data, size, max_width, max_height, &width, &height, &error);

  if (pixels == NULL)
    {
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
      return;
    }
  g_assert_true (width >= 1 && width <= max_width && height >= 1 && height <= max_height);
  g_assert_cmpuint (g_bytes_get_size (pixels), ==, (gsize)width * height * 3);
}

/* What is handed out is a whole picture, and nobody can change it any more. */
static void
hand_out (const uint8_t *data, size_t size)
{
  int fd = vmh_memory_file_new (NAME, NULL);
  g_autoptr (GMappedFile) file = NULL;
  InnPictureHead head;

  g_assert_cmpint (write (fd, data, size), ==, size);
  if (seal (&fd, NULL))
    {
      file = g_mapped_file_new_from_fd (fd, FALSE, NULL);
      g_assert_true (inn_picture_read_head ((const guint8 *)g_mapped_file_get_contents (file),
                                            MIN (g_mapped_file_get_length (file), 64), &head,
                                            NULL));
      g_assert_cmpuint (g_mapped_file_get_length (file), ==, head.length);
      g_assert_cmpint (fcntl (fd, F_GET_SEALS), ==,
                       F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
    }
  vmh_clear_fd (&fd);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  InnPictureHead head;

  if (size < 2)
    return 0;
  if (inn_picture_read_head (data + 2, size - 2, &head, NULL))
    {
      g_assert_cmpuint (head.offset, <=, size - 2);
      g_assert_cmpuint (head.length, <=, INN_PICTURE_MAX_BYTES);
      /* What it claims is made room for, as a file that has no bytes there. */
      if (head.length <= 1024 * 1024)
        hand_out (data + 2, size - 2);
    }
  shrink (data + 2, size - 2, data[0] + 1u, data[1] + 1u);
  return 0;
}
