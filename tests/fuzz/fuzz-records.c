/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Any bytes as what the helper reads back: files of its own that a crash, a full disk or a person
 * may have changed, and what programs wrote that a guest may have taken over. The first line says
 * which: record, exit, state, serial, log, image. */
#include "fuzz.h"

/* For what it makes of the words of vmm-inspect, which has read a hostile image. */
#include "host/vmh-image-inspect.c"
#include "machine/vmh-bundle-private.h"
#include "machine/vmh-store.h"
#include "machine/vmh-words.h"
#include "qemu/vmh-fd.h"
#include "qemu/vmh-record.h"
#include "store-folder.h"

#include <fcntl.h>
#include <stdlib.h>

#define UUID "6f1c2f1e-5d0a-4a83-9f5e-0d7c3a52b001"

static char *folder;
static VmhBundle *bundle;

static void
remove_folder (void)
{
  vmh_bundle_unref (bundle);
  vmh_store_close ();
  store_folder_free (folder);
}

static void
begin (void)
{
  g_autoptr (GError) error = NULL;

  g_setenv ("TMPDIR", "/dev/shm", FALSE);
  folder = store_folder_new ();
  store_folder_open ();
  bundle = vmh_bundle_create (UUID, geteuid (), &error);
  g_assert_no_error (error);
  g_assert_true (vmh_bundle_commit (bundle, &error));
  g_assert_true (vmh_bundle_save_runtime (bundle, "record", "", &error));
  atexit (remove_folder);
}

static void
put (int where, const char *name, const void *data, gsize size)
{
  VMH_AUTOFD fd = openat (where, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

  g_assert_cmpint (write (fd, data, size), ==, size);
}

static void
check_text (const char *text)
{
  g_assert_true (text == NULL || g_utf8_validate (text, -1, NULL));
}

static void
check_list (char *const *list)
{
  for (; list != NULL && *list != NULL; list++)
    check_text (*list);
}

static gboolean
same_list (const char *const *one, const char *const *two)
{
  static const char *const none[] = { NULL };

  return g_strv_equal (one != NULL ? one : none, two != NULL ? two : none);
}

/* ---- a guest's record ---- */

static void
try_record (const char *text, gsize size)
{
  static const VmhRecord plain = {
    .shim = { 7, 7 }, .qemu = { 8, 8 }, .accelerator = "", .user_network = ""
  };
  g_autofree char *path = g_build_filename (vmh_bundle_get_runtime_path (bundle), "record", NULL);
  g_autofree char *begin = NULL;
  g_autoptr (GString) file = NULL;
  g_autoptr (VmhRecord) record = NULL;
  g_autoptr (VmhRecord) again = NULL;
  g_autoptr (GError) error = NULL;

  /* One that is not of this boot, or whose numbers are not those that were written, is not looked
   * at any further. */
  g_assert_true (vmh_record_save (&plain, bundle, NULL));
  g_assert_true (g_file_get_contents (path, &begin, NULL, NULL));
  file = g_string_new (begin);
  g_string_append_len (file, text, (gssize)size);
  put (bundle->runtime_fd, "record", file->str, file->len);
  record = vmh_record_load (bundle);
  if (record == NULL)
    return;
  check_text (record->accelerator);
  check_text (record->reason);
  check_text (record->user_network);
  check_list (record->lines);
  check_list (record->displays);
  g_assert_true (vmh_record_save (record, bundle, &error));
  again = vmh_record_load (bundle);
  g_assert_nonnull (again);
  g_assert_cmpint (again->qemu.pid, ==, record->qemu.pid);
  g_assert_cmpuint (again->shim.start, ==, record->shim.start);
  g_assert_cmpstr (again->accelerator, ==, record->accelerator);
  g_assert_cmpstr (again->user_network, ==, record->user_network);
  g_assert_cmpint (again->starting, ==, record->starting);
  g_assert_true (same_list ((const char *const *)again->lines, (const char *const *)record->lines));
  g_assert_true (
      same_list ((const char *const *)again->displays, (const char *const *)record->displays));
}

/* ---- last words ---- */

static void
check_words (char *owned_words)
{
  g_autofree char *words = owned_words;

  check_text (words);
  for (const char *p = words; *p != '\0'; p = g_utf8_next_char (p))
    g_assert_true (*p == '\n' || g_unichar_isprint (g_utf8_get_char (p)));
  g_assert_cmpint (g_utf8_strlen (words, -1), <=, 10 * 302);
}

static void
try_serial (const char *text, gsize size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, size);

  check_words (vmh_words_dup_serial (bytes));
}

static void
try_exit (const char *text, gsize size)
{
  g_autoptr (GBytes) words = NULL;

  put (bundle->runtime_fd, "exit", text, size);
  vmh_record_load_end (bundle, &words);
  if (words != NULL)
    check_words (vmh_words_dup_serial (words));
}

static void
try_log (const char *text, gsize size)
{
  g_autofree char *log = g_utf8_make_valid (text, (gssize)size);
  g_autofree char *words = vmh_words_dup_errors (log);

  check_text (words);
}

/* ---- a machine's state ---- */

static void
check_same_set (GHashTable *one, GHashTable *two)
{
  GHashTableIter iter;
  gpointer name;

  g_assert_cmpuint (g_hash_table_size (one), ==, g_hash_table_size (two));
  g_hash_table_iter_init (&iter, one);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    g_assert_true (g_hash_table_contains (two, name));
}

static void
try_state (const char *text, gsize size)
{
  g_autoptr (VmhBundle) opened = NULL;
  g_autoptr (VmhBundle) again = NULL;
  g_autoptr (GError) error = NULL;

  put (bundle->fd, "state", text, size);
  opened = vmh_bundle_open (UUID, &error);
  if (opened == NULL)
    {
      check_text (error->message);
      return;
    }
  g_assert_cmpuint (vmh_bundle_get_owner (opened), ==, geteuid ());
  check_text (vmh_bundle_get_crash (opened));
  check_text (vmh_bundle_get_moved_from (opened));
  g_assert_true (vmh_bundle_save_state (opened, &error));
  /* The second bundle of a uid gets none. */
  vmh_bundle_forget_uid (opened);
  again = vmh_bundle_open (UUID, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (again->crash, ==, opened->crash);
  g_assert_null (again->moved_from);
  check_same_set (again->created, opened->created);
  check_same_set (again->making, opened->making);
  g_assert_true (
      same_list (vmh_bundle_get_kept (again), (const char *const *)vmh_bundle_get_kept (opened)));
  g_assert_true (same_list (vmh_bundle_get_erased (again),
                            (const char *const *)vmh_bundle_get_erased (opened)));
}

/* ---- what vmm-inspect says ---- */

static void
try_image (const char *text, gsize size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (VmhImageInfo) info = parse_output (bytes, "an image", &error);

  if (info == NULL)
    {
      check_text (error->message);
      return;
    }
  check_text (info->backing_file);
  check_text (info->data_file);
  check_text (info->label);
  check_text (info->packed);
  check_text (info->format);
  if (!vmh_image_info_check (info, "an image", "qcow2", &error))
    check_text (error->message);
}

static const struct
{
  const char *name;
  void (*try) (const char *text, gsize size);
} kinds[] = {
  { "record", try_record }, { "exit", try_exit }, { "state", try_state },
  { "serial", try_serial }, { "log", try_log },   { "image", try_image },
};

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const char *text = (const char *)data;
  const char *end = memchr (text, '\n', size);
  size_t length = end != NULL ? (size_t)(end - text) : 0;

  if (bundle == NULL)
    begin ();
  for (guint i = 0; end != NULL && i < G_N_ELEMENTS (kinds); i++)
    if (length == strlen (kinds[i].name) && memcmp (text, kinds[i].name, length) == 0)
      kinds[i].try (end + 1, size - length - 1);
  return 0;
}
