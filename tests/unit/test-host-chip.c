/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What is opened as this computer's security chip, by a /sys and /dev of the test's own. */
#include "host/vmh-host-chip.h"
#include "shared/inn-errors.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static char *root;

static char *
make_folder_of (const char *path)
{
  char *whole = g_build_filename (root, path, NULL);
  g_autofree char *folder = g_path_get_dirname (whole);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  return whole;
}

static void
make_file (const char *path, const char *text)
{
  g_autofree char *whole = make_folder_of (path);

  g_assert_true (g_file_set_contents (whole, text, -1, NULL));
}

/* The computer's /dev/null stands for a chip: it is a character device, too. */
static gboolean
make_node (const char *path)
{
  g_autofree char *whole = make_folder_of (path);
  int fd;

  if (mknod (whole, S_IFCHR | 0600, makedev (1, 3)) != 0)
    return FALSE;
  fd = open (whole, O_RDWR | O_CLOEXEC);
  if (fd >= 0)
    close (fd);
  return fd >= 0;
}

static void
assert_refused (const char *path, int code, const char *sentence)
{
  g_autoptr (GError) error = NULL;

  g_test_message ("%s", path);
  g_assert_cmpint (vmh_chip_open (path, &error), ==, -1);
  g_assert_error (error, INN_ERROR, code);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, sentence));
  g_assert_nonnull (strstr (error->message, path));
}

static void
test_opened (void)
{
  static const struct
  {
    const char *path, *dev, *node;
  } chips[] = {
    { "/dev/tpm0", "sys/class/tpm/tpm0/dev", "dev/tpm0" },
    { "/dev/tpm12", "sys/class/tpm/tpm12/dev", "dev/tpm12" },
    { "/dev/tpmrm0", "sys/class/tpmrm/tpmrm0/dev", "dev/tpmrm0" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (chips); i++)
    {
      g_autoptr (GError) error = NULL;
      struct stat facts;
      int fd;

      make_file (chips[i].dev, "1:3\n");
      if (!make_node (chips[i].node))
        {
          g_test_skip ("no device can be made or opened here, which takes root");
          return;
        }
      fd = vmh_chip_open (chips[i].path, &error);
      g_assert_no_error (error);
      g_assert_cmpint (fd, >=, 0);
      g_assert_cmpint (fcntl (fd, F_GETFL) & O_ACCMODE, ==, O_RDWR);
      g_assert_cmpint (fcntl (fd, F_GETFD) & FD_CLOEXEC, !=, 0);
      g_assert_cmpint (fstat (fd, &facts), ==, 0);
      g_assert_cmpuint (facts.st_rdev, ==, makedev (1, 3));
      close (fd);
    }
}

/* Where the kernel has none, nothing is opened, whatever stands there. */
static void
test_absent (void)
{
  make_file ("dev/tpm5", "a file");
  assert_refused ("/dev/tpm5", INN_ERROR_NOT_FOUND, "has no security chip");
  assert_refused ("/dev/tpm6", INN_ERROR_NOT_FOUND, "firmware");
  make_file ("sys/class/tpm/tpm6/dev", "10:224\n");
  assert_refused ("/dev/tpm6", INN_ERROR_NOT_FOUND, "has no security chip"); /* no node */
  make_file ("sys/class/tpm/tpm7/dev", "no number\n");
  make_file ("dev/tpm7", "a file");
  assert_refused ("/dev/tpm7", INN_ERROR_NOT_FOUND, "has no security chip");
}

/* A file, a link or another device in its place is not taken for it. */
static void
test_another (void)
{
  g_autofree char *link = make_folder_of ("dev/tpm21");
  g_autofree char *target = make_folder_of ("dev/tpm22");

  make_file ("sys/class/tpm/tpm20/dev", "1:3\n");
  make_file ("dev/tpm20", "a file");
  assert_refused ("/dev/tpm20", INN_ERROR_NOT_FOUND, "has no security chip");
  make_file ("sys/class/tpm/tpm21/dev", "1:3\n");
  g_assert_cmpint (symlink ("/dev/null", link), ==, 0);
  assert_refused ("/dev/tpm21", INN_ERROR_NOT_FOUND, "has no security chip");
  make_file ("sys/class/tpm/tpm22/dev", "10:224\n");
  if (make_node ("dev/tpm22"))
    assert_refused ("/dev/tpm22", INN_ERROR_NOT_FOUND, "has no security chip");
  g_assert_cmpint (g_unlink (target), ==, 0);
  g_assert_cmpint (g_mkdir (target, 0700), ==, 0);
  assert_refused ("/dev/tpm22", INN_ERROR_IO, "does not answer");
}

static void
test_names (void)
{
  static const char *const names[] = {
    "/dev/tpm",      "/dev/tpmrm", "/dev/tpm-1", "/dev/tpm0 ", "/dev/tpm0/../tpm0", "/dev/null",
    "/dev/tpm65536", "tpm0",       "/dev//tpm0", "/sys/tpm0",  "/dev/tpmrm0x",      ""
  };

  make_file ("sys/class/tpm/tpm0/dev", "1:3\n");
  make_file ("sys/class/tpmrm/tpmrm0/dev", "1:3\n");
  make_node ("dev/tpm0");
  make_node ("dev/tpmrm0");
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    assert_refused (names[i], INN_ERROR_NOT_FOUND, "has no security chip");
}

int
main (int argc, char **argv)
{
  g_autofree char *command = NULL;
  int result;

  g_test_init (&argc, &argv, NULL);
  root = g_dir_make_tmp ("inn-chip-XXXXXX", NULL);
  g_setenv ("VMH_USB_ROOT", root, TRUE);
  g_test_add_func ("/chip/opened", test_opened);
  g_test_add_func ("/chip/absent", test_absent);
  g_test_add_func ("/chip/another", test_another);
  g_test_add_func ("/chip/names", test_names);
  result = g_test_run ();
  command = g_strdup_printf ("rm -rf '%s'", root);
  g_assert_cmpint (system (command), ==, 0);
  g_free (root);
  return result;
}
