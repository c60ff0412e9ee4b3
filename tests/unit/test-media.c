/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What a file is, told of real files made here: ISOs by xorriso, and everything that is none. */

#include "client/inn-media.h"
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct
{
  char *folder;
} Fixture;

typedef struct
{
  InnMedia *media;
  GError *error;
  gboolean done;
} Answer;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->folder = g_dir_make_tmp ("inn-media-XXXXXX", NULL);
  g_assert_nonnull (fixture->folder);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  const char *const argv[] = { "rm", "-rf", "--", fixture->folder, NULL };

  g_assert_true (g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
                               NULL, NULL, NULL));
  g_free (fixture->folder);
}

static char *
in_folder (Fixture *fixture, const char *name)
{
  return g_build_filename (fixture->folder, name, NULL);
}

static char *
write_file (Fixture *fixture, const char *name, const void *data, gssize length)
{
  char *path = in_folder (fixture, name);

  g_assert_true (g_file_set_contents (path, data, length, NULL));
  return path;
}

/* An ISO with @payload bytes in it, labelled as asked. */
static char *
make_iso (Fixture *fixture, const char *name, const char *label, gsize payload, gboolean bootable)
{
  g_autofree char *tree = g_strconcat (fixture->folder, "/tree", NULL);
  g_autofree char *file = g_build_filename (tree, "payload", NULL);
  g_autofree char *data = g_malloc0 (payload);
  char *path = in_folder (fixture, name);
  const char *argv[] = { "xorriso", "-as", "mkisofs", "-quiet",        "-V", label, "-o", path,
                         tree,      "-b",  "payload", "-no-emul-boot", NULL };
  g_autoptr (GError) error = NULL;
  int status;

  g_mkdir_with_parents (tree, 0700);
  g_assert_true (g_file_set_contents (file, data, (gssize)payload, NULL));
  if (!bootable)
    argv[9] = NULL;
  g_assert_true (
      g_spawn_sync (NULL, (char **)argv, NULL,
                    G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL,
                    NULL, NULL, NULL, NULL, &status, &error));
  g_assert_no_error (error);
  g_assert_cmpint (status, ==, 0);
  return path;
}

static void
on_inspected (GObject *source, GAsyncResult *result, gpointer data)
{
  Answer *answer = data;

  answer->media = inn_media_inspect_finish (result, &answer->error);
  answer->done = TRUE;
}

static InnMedia *
inspect_for (const char *path, InnMediaWant want, GError **error)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  Answer answer = { 0 };

  inn_media_inspect_async (NULL, file, want, NULL, on_inspected, &answer);
  while (!answer.done)
    g_main_context_iteration (NULL, TRUE);
  if (answer.error != NULL)
    g_propagate_error (error, answer.error);
  return answer.media;
}

static InnMedia *
inspect (const char *path, GError **error)
{
  return inspect_for (path, INN_MEDIA_WANT_SOURCE, error);
}

/* Fails with @code and a sentence that has @words in it and names the file. */
static void
assert_refused (const char *path, InnMediaWant want, InnError code, const char *words)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *name = g_path_get_basename (path);
  InnMedia *media = inspect_for (path, want, &error);

  g_assert_null (media);
  g_assert_error (error, INN_ERROR, (int)code);
  g_assert_nonnull (strstr (error->message, words));
  g_assert_nonnull (strstr (error->message, name));
  g_assert_true (g_str_has_suffix (error->message, "."));
}

static void
test_debian_iso (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = make_iso (fixture, "d.iso", "Debian 11.5.0 amd64 n", 4096, TRUE);
  g_autoptr (GError) error = NULL;
  g_autoptr (InnMedia) media = inspect (path, &error);
  g_autofree char *name = NULL;

  g_assert_no_error (error);
  g_assert_cmpint (media->kind, ==, INN_MEDIA_ISO);
  g_assert_cmpstr (media->format, ==, "iso");
  g_assert_cmpstr (media->label, ==, "Debian 11.5.0 amd64 n");
  g_assert_cmpstr (inn_os_get_id (media->os), ==, "http://debian.org/debian/11");
  g_assert_true (media->exact);
  g_assert_true (media->bootable);
  g_assert_cmpstr (media->path, ==, path);
  g_assert_cmpint (media->fd, >=, 0);
  name = inn_media_suggest_name (media);
  g_assert_cmpstr (name, ==, "Debian 11");
}

/* Debian 99 will be in no database: the nearest one is far, so nothing; a release or so beyond the
 * newest known one is told by it. */
static void
test_newer_release (Fixture *fixture, gconstpointer data)
{
  g_autoptr (InnOsDb) db = inn_os_db_load_sync ();
  g_autoptr (GError) error = NULL;
  g_autofree char *label = NULL, *id = NULL, *path = NULL, *far_path = NULL;
  g_autoptr (InnMedia) media = NULL;
  g_autoptr (InnMedia) far_media = NULL;
  int newest = 11;

  while ((id = g_strdup_printf ("http://debian.org/debian/%d", newest + 1)) != NULL &&
         inn_os_db_find (db, id) != NULL)
    {
      newest++;
      g_clear_pointer (&id, g_free);
    }
  label = g_strdup_printf ("Debian %d.0.0 amd64 n", newest + 2);
  path = make_iso (fixture, "new.iso", label, 4096, TRUE);
  media = inspect (path, &error);
  g_assert_no_error (error);
  g_free (id);
  id = g_strdup_printf ("http://debian.org/debian/%d", newest);
  g_assert_nonnull (media->os);
  g_assert_cmpstr (inn_os_get_id (media->os), ==, id);
  g_assert_false (media->exact);

  far_path = make_iso (fixture, "far.iso", "Debian 99.0.0 amd64 n", 4096, TRUE);
  far_media = inspect (far_path, &error);
  g_assert_no_error (error);
  g_assert_null (far_media->os);
}

static void
test_other_iso (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = make_iso (fixture, "My tools.iso", "TOOLS", 4096, FALSE);
  g_autofree char *ros_path = make_iso (fixture, "r.iso", "REACTOS", 4096, TRUE);
  g_autoptr (GError) error = NULL;
  g_autoptr (InnMedia) media = inspect (path, &error);
  g_autoptr (InnMedia) ros = NULL;
  g_autofree char *name = NULL;

  g_assert_no_error (error);
  g_assert_cmpint (media->kind, ==, INN_MEDIA_ISO);
  g_assert_null (media->os);
  g_assert_false (media->bootable);
  name = inn_media_suggest_name (media);
  g_assert_cmpstr (name, ==, "My tools");

  ros = inspect (ros_path, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (inn_os_get_family (ros->os), ==, "reactos");
}

static void
test_refused (Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = write_file (fixture, "text.iso", "This is no ISO.\n", -1);
  g_autofree char *empty = write_file (fixture, "empty.iso", "", 0);
  g_autofree char *letter = write_file (fixture, "letter.txt", "Dear sir,\n", -1);
  g_autofree char *missing = in_folder (fixture, "missing.iso");
  g_autofree char *fifo = in_folder (fixture, "fifo.iso");
  g_autofree char *cut = make_iso (fixture, "cut.iso", "Debian 11.5.0 amd64 n", 8 << 20, TRUE);
  g_autofree char *broken = make_iso (fixture, "broken.iso", "X", 4096, TRUE);

  assert_refused (text, INN_MEDIA_WANT_SOURCE, INN_ERROR_BAD_IMAGE, "no CD or DVD image");
  assert_refused (empty, INN_MEDIA_WANT_SOURCE, INN_ERROR_BAD_IMAGE, "is empty");
  assert_refused (missing, INN_MEDIA_WANT_SOURCE, INN_ERROR_NOT_FOUND, "not there");
  assert_refused (fixture->folder, INN_MEDIA_WANT_SOURCE, INN_ERROR_BAD_IMAGE, "is a folder");
  assert_refused (letter, INN_MEDIA_WANT_KERNEL, INN_ERROR_BAD_IMAGE, "not a Linux kernel");
  g_assert_no_errno (mkfifo (fifo, 0600));
  assert_refused (fifo, INN_MEDIA_WANT_SOURCE, INN_ERROR_BAD_IMAGE, "not an ordinary file");
  g_assert_no_errno (truncate (cut, 4 << 20));
  assert_refused (cut, INN_MEDIA_WANT_SOURCE, INN_ERROR_BAD_IMAGE, "cut short");
  /* The primary volume descriptor is there, and nothing behind it. */
  g_assert_no_errno (truncate (broken, 34 * 1024));
  assert_refused (broken, INN_MEDIA_WANT_SOURCE, INN_ERROR_BAD_IMAGE, "Download it again");
}

static void
test_unreadable (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = write_file (fixture, "secret.iso", "x", 1);
  gboolean root = geteuid () == 0;

  g_assert_no_errno (chmod (fixture->folder, 0711));
  g_assert_no_errno (chmod (path, 0));
  if (root)
    g_assert_no_errno (seteuid (65534));
  assert_refused (path, INN_MEDIA_WANT_SOURCE, INN_ERROR_DENIED, "not allowed to read");
  if (root)
    g_assert_no_errno (seteuid (0));
}

static void
test_kernel (Fixture *fixture, gconstpointer data)
{
  guint8 bytes[1024] = { 0 };
  g_autofree char *path = NULL, *initrd = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (InnMedia) media = NULL, other = NULL;

  bytes[0x1fe] = 0x55;
  bytes[0x1ff] = 0xaa;
  memcpy (bytes + 0x202, "HdrS", 4);
  path = write_file (fixture, "vmlinuz", bytes, sizeof bytes);
  media = inspect (path, &error);
  g_assert_no_error (error);
  g_assert_cmpint (media->kind, ==, INN_MEDIA_KERNEL);

  initrd = write_file (fixture, "initrd.gz", "anything", -1);
  other = inspect_for (initrd, INN_MEDIA_WANT_INITRD, &error);
  g_assert_no_error (error);
  g_assert_cmpint (other->kind, ==, INN_MEDIA_OTHER);
}

/* A disk image's format is the helper's to say: without one, a sentence and no guess. */
static void
test_image_without_helper (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = write_file (fixture, "disk.qcow2", "QFI\xfb", 4);

  assert_refused (path, INN_MEDIA_WANT_SOURCE, INN_ERROR_HELPER, "no helper");
}

static void
test_list (void)
{
  g_autoptr (InnOsDb) db = inn_os_db_load_sync ();
  GListModel *list = inn_os_db_get_list (db);
  g_autoptr (InnOs) first = g_list_model_get_item (list, 0);
  guint eleven = G_MAXUINT, ten = G_MAXUINT;

  g_assert_true (inn_os_is_generic (first));
  g_assert_true (first == inn_os_db_get_generic (db));
  for (guint i = 0; i < g_list_model_get_n_items (list); i++)
    {
      g_autoptr (InnOs) os = g_list_model_get_item (list, i);

      if (g_str_equal (inn_os_get_name (os), "Debian 11"))
        eleven = i;
      else if (g_str_equal (inn_os_get_name (os), "Debian 10"))
        ten = i;
    }
  g_assert_cmpuint (eleven, <, ten);
  g_assert_cmpuint (ten, !=, G_MAXUINT);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) g_test_add ("/media/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("debian", test_debian_iso);
  ADD ("newer-release", test_newer_release);
  ADD ("other-iso", test_other_iso);
  ADD ("refused", test_refused);
  ADD ("unreadable", test_unreadable);
  ADD ("kernel", test_kernel);
  ADD ("image-without-helper", test_image_without_helper);
  g_test_add_func ("/media/list", test_list);
  return g_test_run ();
}
