/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Making images, and copying foreign ones: byte for byte the same, whatever the format, and nothing
 * left where it fails. */

#include "image-files.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../async.h"
#include "qemu/vmh-fd.h"
#include "shared/inn-errors.h"

typedef struct
{
  guint64 done;
  guint64 total;
  guint calls;
  GCancellable *cancel; /* at the first call, if there is one */
} Seen;

static GStrv
list_children (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/task/%d/children", pid, pid);
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_strstrip (text);
  return *text != '\0' ? g_strsplit (text, " ", -1) : g_new0 (char *, 1);
}

/* What was started for us: children of our spawn server. */
static guint
count_started (void)
{
  g_auto (GStrv) servers = list_children (getpid ());
  guint n = 0;

  for (char **server = servers; *server != NULL; server++)
    {
      g_auto (GStrv) children = list_children (atoi (*server));

      n += g_strv_length (children);
    }
  return n;
}

/* The QEMU below @pid; 0 if there is none. */
static pid_t
find_qemu (pid_t pid)
{
  g_auto (GStrv) children = list_children (pid);
  g_autofree char *name = image_read_proc (pid, "comm");
  pid_t found = g_str_has_prefix (name, "qemu-system") ? pid : 0;

  for (char **child = children; *child != NULL && found == 0; child++)
    found = find_qemu ((pid_t)atoi (*child));
  return found;
}

/* While it copies: who QEMU is, and what it could see if the image took it over. */
static void
check_room (void)
{
  pid_t pid = find_qemu (getpid ());
  g_autofree char *root = g_strdup_printf ("/proc/%d/root", pid);
  g_autofree char *fds = g_strdup_printf ("/proc/%d/fd", pid);
  g_autofree char *status = NULL;
  g_autoptr (GDir) dir = NULL;
  g_autoptr (GDir) fd_dir = NULL;
  const char *name;
  guint files = 0;

  g_assert_cmpint (pid, >, 0);
  status = image_read_proc (pid, "status");
  image_assert_line (status, "^Seccomp:\t2$");
  image_assert_line (status, "^NoNewPrivs:\t1$");
  image_assert_line (status, "^CapEff:\t0000000000000000$");
  if (getuid () == 0)
    {
      image_assert_line (status, "^Uid:\t65534\t65534\t65534\t65534$");
      image_assert_line (status, "^Groups:\t *$");
    }
  dir = g_dir_open (root, 0, NULL);
  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)) != NULL)
    g_assert_true (
        g_strv_contains ((const char *const[]){ "usr", "lib", "lib64", "dev", NULL }, name));
  /* No file of ours but the two images. */
  fd_dir = g_dir_open (fds, 0, NULL);
  while ((name = g_dir_read_name (fd_dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (fds, name, NULL);
      g_autofree char *target = g_file_read_link (path, NULL);

      if (target != NULL && *target == '/' && !g_str_has_prefix (target, "/dev/"))
        {
          g_assert_true (g_str_has_suffix (target, "s.raw") || g_str_has_suffix (target, "out"));
          files++;
        }
    }
  g_assert_cmpuint (files, >=, 2);
}

static void
on_progress (guint64 done, guint64 total, gpointer data)
{
  Seen *seen = data;

  g_assert_cmpuint (done, <=, total);
  g_assert_cmpuint (done, >=, seen->done);
  seen->done = done;
  seen->total = total;
  seen->calls++;
  if (seen->cancel == NULL)
    return;
  check_room ();
  g_cancellable_cancel (seen->cancel);
}

static gboolean
create (const char *name, const char *format, guint64 size, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  VMH_AUTOFD dir = open (image_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  vmh_image_create_async (dir, name, format, size, NULL, async_on_ready, &result);
  return vmh_image_create_finish (async_wait (&result), error);
}

static gboolean
convert_in (const char *into,
            const char *source,
            int flags,
            const char *source_format,
            const char *name,
            const char *format,
            Seen *seen,
            GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autofree char *path = image_path (image_folder, source);
  VMH_AUTOFD fd = open (path, flags | O_CLOEXEC);
  VMH_AUTOFD dir = open (into, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  vmh_image_convert_async (fd, geteuid (), source_format, dir, name, into, format,
                           seen != NULL ? on_progress : NULL, seen,
                           seen != NULL ? seen->cancel : NULL, async_on_ready, &result);
  return vmh_image_convert_finish (async_wait (&result), error);
}

static gboolean
convert (const char *source,
         const char *source_format,
         const char *name,
         const char *format,
         Seen *seen,
         GError **error)
{
  return convert_in (image_folder, source, O_RDONLY, source_format, name, format, seen, error);
}

static gboolean
exists (const char *name)
{
  g_autofree char *path = image_path (image_folder, name);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

static void
assert_private (const char *name)
{
  g_autofree char *path = image_path (image_folder, name);
  GStatBuf st;

  g_assert_no_errno (g_stat (path, &st));
  g_assert_cmpint (st.st_mode & 07777, ==, 0600);
}

static void
test_create (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *check = NULL;

  g_assert_true (create ("a.qcow2", "qcow2", 10 * VMH_IMAGE_MIN_SIZE + 512, &error));
  g_assert_no_error (error);
  g_assert_true (create ("a.raw", "raw", VMH_IMAGE_MIN_SIZE, &error));
  g_assert_true (create ("nbd:x,y.qcow2", "qcow2", VMH_IMAGE_MAX_SIZE, &error));
  assert_private ("a.qcow2");
  assert_private ("a.raw");
  {
    g_autoptr (VmhImageInfo) qcow2 = image_inspect (image_folder, "a.qcow2", NULL);
    g_autoptr (VmhImageInfo) raw = image_inspect (image_folder, "a.raw", NULL);
    g_autoptr (VmhImageInfo) large = image_inspect (image_folder, "nbd:x,y.qcow2", NULL);

    g_assert_cmpstr (qcow2->format, ==, "qcow2");
    g_assert_cmpuint (qcow2->virtual_size, ==, 10 * VMH_IMAGE_MIN_SIZE + 512);
    g_assert_cmpuint (raw->virtual_size, ==, VMH_IMAGE_MIN_SIZE);
    g_assert_cmpuint (large->virtual_size, ==, VMH_IMAGE_MAX_SIZE);
    g_assert_cmpuint (large->allocated_size, <, 16 << 20);
  }
  check = image_run (image_folder, "qemu-img", "check", "-q", "-f", "qcow2", "a.qcow2", NULL);
}

static void
test_create_refused (void)
{
  static const struct
  {
    const char *name;
    const char *format;
    guint64 size;
    int code;
  } bad[] = {
    { "a", "qcow2", VMH_IMAGE_MIN_SIZE - 1, INN_ERROR_INVALID_ARGUMENT },
    { "a", "qcow2", VMH_IMAGE_MAX_SIZE + 1, INN_ERROR_INVALID_ARGUMENT },
    { "a", "vmdk", VMH_IMAGE_MIN_SIZE, INN_ERROR_UNSUPPORTED },
    { "../a", "qcow2", VMH_IMAGE_MIN_SIZE, INN_ERROR_INVALID_ARGUMENT },
    { "..", "qcow2", VMH_IMAGE_MIN_SIZE, INN_ERROR_INVALID_ARGUMENT },
    { "-a", "qcow2", VMH_IMAGE_MIN_SIZE, INN_ERROR_INVALID_ARGUMENT },
    { "", "qcow2", VMH_IMAGE_MIN_SIZE, INN_ERROR_INVALID_ARGUMENT },
    { "there", "qcow2", VMH_IMAGE_MIN_SIZE, INN_ERROR_EXISTS },
    { "link", "raw", VMH_IMAGE_MIN_SIZE, INN_ERROR_EXISTS },
    { "a", "raw", VMH_IMAGE_MAX_SIZE, INN_ERROR_UNSUPPORTED }, /* ext4's limit is 16 TiB */
  };
  g_autofree char *there = image_path (image_folder, "there");
  g_autofree char *link_name = image_path (image_folder, "link");
  g_autofree char *text = NULL;

  g_assert_true (g_file_set_contents (there, "mine", -1, NULL));
  g_assert_no_errno (symlink ("nowhere", link_name));
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      if (create (bad[i].name, bad[i].format, bad[i].size, &error))
        {
          /* On a file system without that limit. */
          g_assert_cmpint (bad[i].code, ==, INN_ERROR_UNSUPPORTED);
          g_assert_cmpuint (bad[i].size, ==, VMH_IMAGE_MAX_SIZE);
          g_test_message ("this file system holds files of 64 TiB");
          continue;
        }
      g_assert_error (error, INN_ERROR, bad[i].code);
      g_assert_false (exists ("a"));
    }
  g_assert_true (g_file_get_contents (there, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "mine");
  g_assert_false (exists ("nowhere"));
}

/* Data, holes and zeros that are written, in an odd size: 100 MB and 5 sectors. */
static void
make_source (void)
{
  g_autofree char *made = image_run (
      image_folder, "sh", "-ec",
      "truncate -s $((100000000 / 512 * 512 + 5 * 512)) s.raw\n"
      "head -c 3000001 /dev/urandom | dd of=s.raw conv=notrunc status=none\n"
      "head -c 5000000 /dev/urandom | dd of=s.raw bs=512 seek=90001 conv=notrunc status=none\n"
      "head -c 1000000 /dev/zero | dd of=s.raw bs=512 seek=20000 conv=notrunc status=none\n"
      "head -c 512 /dev/urandom | dd of=s.raw bs=512 seek=$((100000000 / 512 + 4)) conv=notrunc "
      "status=none\n"
      "for f in qcow2 vmdk vdi vhdx; do qemu-img convert -f raw -O $f s.raw s.$f; done\n"
      "qemu-img convert -f raw -O vpc -o force_size=on s.raw s.vpc\n"
      "qemu-img convert -f raw -O vmdk -o subformat=streamOptimized s.raw stream.vmdk\n"
      "qemu-img convert -c -f raw -O qcow2 s.raw packed.qcow2\n"
      "qemu-img convert -f raw -O qcow2 -o compat=0.10 s.raw old.qcow2\n"
      "qemu-img convert -f raw -O vpc s.raw chs.vpc\n"
      "qemu-img convert -f raw -O vpc -o subformat=fixed,force_size=on s.raw fixed.vpc\n"
      "head -c 1000001 s.raw > odd.raw\n",
      NULL);
}

static void
test_convert (void)
{
  static const struct
  {
    const char *name;
    const char *format;
  } sources[] = {
    { "s.raw", "raw" },   { "s.qcow2", "qcow2" },    { "s.vmdk", "vmdk" },
    { "s.vdi", "vdi" },   { "s.vpc", "vpc" },        { "s.vhdx", "vhdx" },
    { "odd.raw", "raw" }, { "stream.vmdk", "vmdk" }, { "packed.qcow2", "qcow2" },
    { "chs.vpc", "vpc" }, { "fixed.vpc", "vpc" },    { "old.qcow2", "qcow2" },
  };
  static const char *const targets[] = { "qcow2", "raw" };

  make_source ();
  for (gsize i = 0; i < G_N_ELEMENTS (sources) * G_N_ELEMENTS (targets); i++)
    {
      const char *source = sources[i / 2].name;
      const char *format = targets[i % 2];
      g_autofree char *name = g_strdup_printf ("out-%s.%s", source, format);
      g_autoptr (GError) error = NULL;
      g_autoptr (VmhImageInfo) info = NULL;
      g_autoptr (VmhImageInfo) was = NULL;
      g_autofree char *same = NULL;
      g_autofree char *check = NULL;
      Seen seen = { 0 };

      g_assert_true (convert (source, sources[i / 2].format, name, format, &seen, &error));
      g_assert_no_error (error);
      assert_private (name);
      info = image_inspect (image_folder, name, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (info->format, ==, format);
      /* Sparse: 8 MB of data, 100 MB of disk. */
      g_assert_cmpuint (info->allocated_size, <, 12000000);
      was = image_inspect (image_folder, source, &error);
      g_assert_no_error (error);
      /* QEMU rounds a raw image up to whole sectors. */
      g_assert_cmpuint (info->virtual_size, ==, (was->virtual_size + 511) / 512 * 512);
      same = image_run (image_folder, "qemu-img", "compare", "-f", sources[i / 2].format, "-F",
                        format, source, name, NULL);
      if (g_str_equal (format, "qcow2"))
        check = image_run (image_folder, "qemu-img", "check", "-q", "-f", "qcow2", name, NULL);
      g_assert_cmpuint (seen.calls, >, 0);
      g_assert_cmpuint (seen.total, >, 0);
    }
}

/* Looks like an image, then is none inside; names others; or is not what was said. */
static void
test_convert_refused (void)
{
  static const struct
  {
    const char *name;
    const char *format;
    int code;
  } bad[] = {
    { "backed.qcow2", "qcow2", INN_ERROR_FOREIGN_BACKING },
    { "data.qcow2", "qcow2", INN_ERROR_FOREIGN_BACKING },
    { "flat.vmdk", "vmdk", INN_ERROR_FOREIGN_BACKING },
    { "good.qcow2", "vmdk", INN_ERROR_BAD_IMAGE },
    { "good.qcow2", "iso", INN_ERROR_UNSUPPORTED },
    { "good.qcow2", "nbd", INN_ERROR_UNSUPPORTED },
    { "cut.qcow2", "qcow2", INN_ERROR_BAD_IMAGE },
    { "gap.qcow2", "qcow2", INN_ERROR_BAD_IMAGE },
    { "empty", "raw", INN_ERROR_BAD_IMAGE },
    { "disk.gz", "raw", INN_ERROR_BAD_IMAGE },
  };
  g_autofree char *made =
      image_run (image_folder, "sh", "-ec",
                 "qemu-img create -q -f qcow2 good.qcow2 8M\n"
                 "qemu-io -f qcow2 -c 'write -P 7 0 4M' good.qcow2 > /dev/null\n"
                 "qemu-img create -q -f qcow2 -b good.qcow2 -F qcow2 backed.qcow2\n"
                 "qemu-img create -q -f qcow2 -o data_file=d.raw data.qcow2 8M\n"
                 "qemu-img create -q -f vmdk -o subformat=monolithicFlat flat.vmdk 8M\n"
                 "head -c 1000 good.qcow2 > cut.qcow2\n"
                 /* The header is right, the tables are rubbish. */
                 "cp good.qcow2 gap.qcow2\n"
                 "tr '\\0' '\\377' < /dev/zero | head -c 60000 | "
                 "dd of=gap.qcow2 bs=1 seek=196608 conv=notrunc status=none\n"
                 ": > empty; gzip < good.qcow2 > disk.gz\n",
                 NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (convert (bad[i].name, bad[i].format, "out", "qcow2", NULL, &error));
      g_test_message ("%s as %s: %s", bad[i].name, bad[i].format, error->message);
      if (g_str_equal (bad[i].name, "gap.qcow2"))
        g_assert_true (g_error_matches (error, INN_ERROR, INN_ERROR_BAD_IMAGE) ||
                       g_error_matches (error, INN_ERROR, INN_ERROR_IO));
      else
        g_assert_error (error, INN_ERROR, bad[i].code);
      g_assert_false (exists ("out"));
    }
}

static void
test_convert_target (void)
{
  g_autofree char *made =
      image_run (image_folder, "qemu-img", "create", "-q", "-f", "vmdk", "s.vmdk", "2M", NULL);
  g_autofree char *there = image_path (image_folder, "there");
  g_autofree char *text = NULL;
  g_autofree char *same = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (there, "mine", -1, NULL));
  g_assert_false (convert ("s.vmdk", "vmdk", "there", "qcow2", NULL, &error));
  g_assert_error (error, INN_ERROR, INN_ERROR_EXISTS);
  g_clear_error (&error);
  g_assert_true (g_file_get_contents (there, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "mine");

  g_assert_false (convert ("s.vmdk", "vmdk", "../out", "qcow2", NULL, &error));
  g_assert_error (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);

  /* An fd that could write. */
  g_assert_true (convert_in (image_folder, "s.vmdk", O_RDWR, "vmdk", "out", "qcow2", NULL, &error));
  g_assert_no_error (error);
  same = image_run (image_folder, "qemu-img", "compare", "-f", "vmdk", "-F", "qcow2", "s.vmdk",
                    "out", NULL);
}

static void
test_cancel (void)
{
  g_autofree char *made =
      image_run (image_folder, "sh", "-ec", "head -c 400000000 /dev/urandom > s.raw\n", NULL);
  g_autoptr (GCancellable) cancel = g_cancellable_new ();
  Seen seen = { .cancel = cancel };
  g_autoptr (GError) error = NULL;
  gint64 start = g_get_monotonic_time ();

  g_assert_false (convert ("s.raw", "raw", "out", "qcow2", &seen, &error));
  g_assert_error (error, INN_ERROR, INN_ERROR_CANCELLED);
  g_assert_cmpuint (seen.calls, >=, 1);
  g_assert_false (exists ("out"));
  g_assert_cmpint (g_get_monotonic_time () - start, <, 5 * G_USEC_PER_SEC);
  for (int i = 0; i < 300 && count_started () > 0; i++)
    {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (10000);
    }
  g_assert_cmpuint (count_started (), ==, 0);

  /* Before it has begun. */
  g_clear_error (&error);
  seen.done = 0;
  g_assert_false (convert ("s.raw", "raw", "out", "qcow2", &seen, &error));
  g_assert_error (error, INN_ERROR, INN_ERROR_CANCELLED);
  g_assert_false (exists ("out"));
}

static gboolean
is_mounted (const char *path)
{
  g_autofree char *mounts = NULL;

  g_assert_true (g_file_get_contents ("/proc/self/mounts", &mounts, NULL, NULL));
  return strstr (mounts, path) != NULL;
}

/* A file system of 16 MiB: 30 MB are refused at once, a packed 30 MB when it is full. */
static void
test_no_space (void)
{
  g_autofree char *small = image_path (image_folder, "small");
  g_autofree char *made = NULL;
  g_autoptr (GError) error = NULL;

  if (getuid () != 0)
    {
      g_test_skip ("needs root to mount a small file system");
      return;
    }
  made = image_run (image_folder, "sh", "-ec",
                    "mkdir small; head -c 30000000 /dev/urandom > s.raw\n"
                    /* Packs well, but no block of it is zeros. */
                    "yes 'a line that is written again and again' | head -c 30000000 > text.raw\n"
                    "qemu-img convert -c -f raw -O qcow2 text.raw packed.qcow2\n",
                    NULL);
  g_assert_no_errno (mount ("tmpfs", small, "tmpfs", 0, "size=16m"));
  g_assert_false (convert_in (small, "s.raw", O_RDONLY, "raw", "out", "qcow2", NULL, &error));
  g_assert_error (error, INN_ERROR, INN_ERROR_NO_SPACE);
  g_assert_nonnull (strstr (error->message, "30.0"));
  g_assert_nonnull (strstr (error->message, small));
  g_clear_error (&error);
  for (int i = 0; i < 2; i++)
    {
      const char *format = i == 0 ? "qcow2" : "raw";
      g_autoptr (GDir) dir = NULL;

      g_assert_false (
          convert_in (small, "packed.qcow2", O_RDONLY, "qcow2", "out", format, NULL, &error));
      g_test_message ("%s", error->message);
      g_assert_error (error, INN_ERROR, INN_ERROR_NO_SPACE);
      g_assert_nonnull (strstr (error->message, small));
      g_clear_error (&error);
      dir = g_dir_open (small, 0, NULL);
      g_assert_null (g_dir_read_name (dir));
    }
  /* The QEMU that was killed is gone after a moment. */
  for (int i = 0; i < 300 && umount (small) != 0; i++)
    g_usleep (10000);
  g_assert_false (is_mounted (small));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  image_add ("/create/made", test_create);
  image_add ("/create/refused", test_create_refused);
  image_add ("/convert/same", test_convert);
  image_add ("/convert/refused", test_convert_refused);
  image_add ("/convert/target", test_convert_target);
  image_add ("/convert/cancel", test_cancel);
  image_add ("/convert/no-space", test_no_space);
  return g_test_run ();
}
