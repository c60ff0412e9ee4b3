/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Looking at images: real ones of every format, and those that others made to harm. */

#include "image-files.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../async.h"
#include "core/vmh-errand.h"
#include "qemu/vmh-fd.h"
#include "shared/inn-errors.h"

static void
assert_problem (const char *name, int code, const char *in_message)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VmhImageInfo) info = image_inspect (image_folder, name, &error);

  g_assert_null (info);
  g_assert_error (error, INN_ERROR, code);
  g_assert_nonnull (strstr (error->message, in_message));
  g_assert_nonnull (strstr (error->message, name));
}

static VmhImageInfo *
assert_facts (const char *name, const char *format)
{
  g_autoptr (GError) error = NULL;
  VmhImageInfo *info = image_inspect (image_folder, name, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (info->format, ==, format);
  return info;
}

/* The size of the guest's disk as QEMU reads it. */
static guint64
ask_qemu (const char *name, const char *format)
{
  g_autofree char *json =
      image_run (image_folder, "qemu-img", "info", "--output=json", "-f", format, name, NULL);
  g_autoptr (JsonParser) parser = json_parser_new ();

  g_assert_true (json_parser_load_from_data (parser, json, -1, NULL));
  return (guint64)json_object_get_int_member (json_node_get_object (json_parser_get_root (parser)),
                                              "virtual-size");
}

static const struct
{
  const char *name;
  const char *format;
  const char *options; /* of qemu-img, NULL for none */
  const char *size;
} real[] = {
  { "a.raw", "raw", NULL, "1000448" },
  { "a.qcow2", "qcow2", NULL, "100M" },
  { "old.qcow2", "qcow2", "compat=0.10", "64G" },
  { "big.qcow2", "qcow2", "cluster_size=2M", "60T" },
  { "small.qcow2", "qcow2", "cluster_size=512,extended_l2=off", "1536" },
  { "extended.qcow2", "qcow2", "extended_l2=on,cluster_size=128k", "9G" },
  { "full.qcow2", "qcow2", "preallocation=metadata", "10M" },
  { "a.vmdk", "vmdk", NULL, "100M" },
  { "stream.vmdk", "vmdk", "subformat=streamOptimized", "5G" },
  { "a.vdi", "vdi", NULL, "1049088" },
  { "static.vdi", "vdi", "static=on", "2M" },
  { "a.vpc", "vpc", NULL, "100M" },
  { "exact.vpc", "vpc", "force_size=on", "123M" },
  { "fixed.vpc", "vpc", "subformat=fixed", "33M" },
  { "a.vhdx", "vhdx", NULL, "100M" },
  { "fixed.vhdx", "vhdx", "subformat=fixed,block_size=1M", "7M" },
};

static void
test_real (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (real); i++)
    {
      const char *options = real[i].options;
      g_autofree char *made =
          image_run (image_folder, "qemu-img", "create", "-q", "-f", real[i].format, real[i].name,
                     real[i].size, options != NULL ? "-o" : NULL, options, NULL);
      g_autoptr (VmhImageInfo) info = assert_facts (real[i].name, real[i].format);
      g_autoptr (GError) error = NULL;

      g_assert_cmpuint (info->virtual_size, ==, ask_qemu (real[i].name, real[i].format));
      g_assert_null (info->backing_file);
      g_assert_null (info->data_file);
      g_assert_false (info->encrypted);
      g_assert_false (info->block_device);
      g_assert_cmpuint (info->allocated_size, <=, info->file_size + 65536);
      g_assert_true (vmh_image_info_check (info, real[i].name, real[i].format, &error));
      g_assert_no_error (error);
    }
}

static void
assert_depends (const char *name, const char *format, const char *backing, const char *data)
{
  g_autoptr (VmhImageInfo) info = assert_facts (name, format);
  g_autoptr (GError) error = NULL;

  g_assert_cmpstr (info->backing_file, ==, backing);
  g_assert_cmpstr (info->data_file, ==, data);
  g_assert_false (vmh_image_info_check (info, name, format, &error));
  g_assert_error (error, INN_ERROR, INN_ERROR_FOREIGN_BACKING);
  g_assert_nonnull (strstr (error->message, backing != NULL ? backing : data));
}

static void
write_text (const char *name, const char *text)
{
  g_autofree char *path = image_path (image_folder, name);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static void
test_depends (void)
{
  static const char extents[] = "# Disk DescriptorFile\nversion=1\nCID=fffffffe\n"
                                "parentCID=ffffffff\ncreateType=\"monolithicFlat\"\n\n"
                                "RW 2048 FLAT \"/etc/passwd\" 0\nRW 4096 FLAT \"/etc/shadow\" 0\n";
  static const char sly[] =
      "#\r\n\nversion=1\ncreateType=\"vmfs\"\nRW\t8\tFLAT\t\"/etc/group\"\t0\n"
      "RW 16 ZERO\n";
  g_autofree char *made = image_run (
      image_folder, "sh", "-ec",
      "qemu-img create -q -f raw base 1M\n"
      "qemu-img create -q -f qcow2 -b base -F raw backed.qcow2\n"
      "qemu-img create -q -f qcow2 -u -b 'json:{\"driver\":\"nbd\"}' -F raw json.qcow2 1M\n"
      "qemu-img create -q -f qcow2 -o data_file=there.raw data.qcow2 1M\n"
      "qemu-img create -q -f qcow2 -o data_file=there.raw,data_file_raw=on data-raw.qcow2 1M\n"
      "qemu-img create -q -f vmdk parent.vmdk 1M\n"
      "qemu-img create -q -f vmdk -b parent.vmdk -F vmdk child.vmdk\n"
      "qemu-img create -q -f vmdk -o subformat=monolithicFlat flat.vmdk 5G\n"
      "qemu-img create -q -f vmdk -o subformat=twoGbMaxExtentSparse split.vmdk 5G\n"
      "cp parent.vmdk hollow.vmdk\n"
      "qemu-img create -q -f vdi diff.vdi 1M\nqemu-img create -q -f vpc diff.vpc 1M\n",
      NULL);
  g_autofree char *hollow = image_path (image_folder, "hollow.vmdk");
  g_autofree char *vdi = image_path (image_folder, "diff.vdi");
  g_autofree char *vpc = image_path (image_folder, "diff.vpc");
  g_autoptr (VmhImageInfo) info = NULL;

  write_text ("extents.vmdk", extents);
  write_text ("sly.vmdk", sly);
  /* Capacity 0: QEMU then takes the extents of the descriptor inside, which is ours to write. */
  image_patch (hollow, 12, "\0\0\0\0\0\0\0\0", 8);
  image_patch (hollow, 512, extents, sizeof extents);
  image_patch (vdi, 76, "\4\0\0\0", 4);
  image_patch (vpc, 60, "\0\0\0\4", 4);
  image_patch (vpc, 512 + 64, "\0b\0a\0s\0e", 8);

  assert_depends ("backed.qcow2", "qcow2", "base", NULL);
  assert_depends ("json.qcow2", "qcow2", "json:{\"driver\":\"nbd\"}", NULL);
  assert_depends ("data.qcow2", "qcow2", NULL, "there.raw");
  assert_depends ("data-raw.qcow2", "qcow2", NULL, "there.raw");
  assert_depends ("child.vmdk", "vmdk", "parent.vmdk", NULL);
  assert_depends ("flat.vmdk", "vmdk", NULL, "flat-flat.vmdk");
  assert_depends ("split.vmdk", "vmdk", NULL, "split-s001.vmdk");
  assert_depends ("extents.vmdk", "vmdk", NULL, "/etc/passwd");
  assert_depends ("hollow.vmdk", "vmdk", NULL, "/etc/passwd");
  assert_depends ("diff.vdi", "vdi", "", NULL);
  assert_depends ("diff.vpc", "vpc", "base", NULL);
  info = assert_facts ("sly.vmdk", "vmdk");
  g_assert_nonnull (info->data_file);
  g_clear_pointer (&info, vmh_image_info_free);
  info = assert_facts ("extents.vmdk", "vmdk");
  g_assert_cmpuint (info->virtual_size, ==, (2048 + 4096) * 512);
}

static void
test_media (void)
{
  g_autofree char *made = image_run (
      image_folder, "sh", "-ec",
      "mkdir -p tree; echo hello > tree/file\n"
      "xorriso -as mkisofs -quiet -V 'A DISC' -o a.iso tree 2>/dev/null\nrm -r tree\n"
      "echo hello | gzip > a.gz; tar cf a.tar a.gz; : > empty; echo hello > nbd:localhost:1",
      NULL);
  g_autoptr (VmhImageInfo) iso = assert_facts ("a.iso", "iso");
  g_autoptr (VmhImageInfo) packed = assert_facts ("a.gz", "raw");
  g_autoptr (VmhImageInfo) archive = assert_facts ("a.tar", "raw");
  g_autoptr (VmhImageInfo) empty = assert_facts ("empty", "raw");
  g_autoptr (VmhImageInfo) named = assert_facts ("nbd:localhost:1", "raw");
  g_autoptr (GError) error = NULL;

  g_assert_cmpstr (iso->label, ==, "A DISC");
  g_assert_cmpuint (iso->virtual_size, ==, iso->file_size);
  g_assert_cmpstr (packed->packed, ==, "gzip");
  g_assert_cmpstr (archive->packed, ==, "tar");
  g_assert_false (vmh_image_info_check (packed, "a.gz", NULL, &error));
  g_assert_error (error, INN_ERROR, INN_ERROR_BAD_IMAGE);
  g_assert_cmpuint (empty->virtual_size, ==, 0);
  g_assert_cmpuint (named->virtual_size, ==, 6);
  g_assert_null (named->packed);
}

static void
test_hostile (void)
{
  g_autofree char *made = image_run (
      image_folder, "sh", "-ec",
      "for f in snapshots huge cluster l1 feature corrupt old; do\n"
      "  qemu-img create -q -f qcow2 $f.qcow2 64M; done\n"
      "qemu-img create -q -f vhdx region.vhdx 8M; qemu-img create -q -f vdi short.vdi 800G\n"
      "truncate -s 700 short.vdi; qemu-img create -q -f vmdk huge.vmdk 8M\n"
      "head -c 100 snapshots.qcow2 > short.qcow2; printf 'QFI\\373' > magic.qcow2\n"
      "(echo '# Disk DescriptorFile'; head -c 300000 /dev/zero | tr '\\0' '#') > long.vmdk\n"
      "printf '# Disk DescriptorFile\\nversion=1\\nRW 99999999999999999999 ZERO\\n' > sum.vmdk",
      NULL);
  static const struct
  {
    const char *name;
    goffset offset;
    const char *bytes;
    gsize size;
    int code;
    const char *message;
  } patched[] = {
    /* 65,536: qemu-img info burns seconds of CPU on it. */
    { "snapshots.qcow2", 60, "\0\1\0\0", 4, INN_ERROR_BAD_IMAGE, "snapshots" },
    { "huge.qcow2", 24, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, INN_ERROR_BAD_IMAGE, "damaged" },
    { "cluster.qcow2", 20, "\0\0\0\x3f", 4, INN_ERROR_BAD_IMAGE, "damaged" },
    { "l1.qcow2", 36, "\xff\xff\xff\xff", 4, INN_ERROR_BAD_IMAGE, "damaged" },
    { "feature.qcow2", 72, "\x80\0\0\0\0\0\0\0", 8, INN_ERROR_BAD_IMAGE, "qcow2" },
    { "corrupt.qcow2", 79, "\2", 1, INN_ERROR_BAD_IMAGE, "damaged" },
    { "old.qcow2", 4, "\0\0\0\1", 4, INN_ERROR_BAD_IMAGE, "qcow2" },
    { "region.vhdx", 192 * 1024 + 8, "\xff\xff\xff\xff", 4, 0, NULL },
    { "region.vhdx", 256 * 1024 + 8, "\xff\xff\xff\xff", 4, INN_ERROR_BAD_IMAGE, "damaged" },
    { "short.vdi", 0, "<", 1, INN_ERROR_BAD_IMAGE, "too early" },
    { "huge.vmdk", 12, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, INN_ERROR_BAD_IMAGE, "damaged" },
    { "short.qcow2", 0, "Q", 1, INN_ERROR_BAD_IMAGE, "too early" },
    { "magic.qcow2", 0, "Q", 1, INN_ERROR_BAD_IMAGE, "qcow2" },
    { "long.vmdk", 0, "#", 1, INN_ERROR_BAD_IMAGE, "vmdk" },
    { "sum.vmdk", 0, "#", 1, INN_ERROR_BAD_IMAGE, "damaged" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (patched); i++)
    {
      g_autofree char *path = image_path (image_folder, patched[i].name);

      image_patch (path, patched[i].offset, patched[i].bytes, patched[i].size);
      if (patched[i].code != 0)
        assert_problem (patched[i].name, patched[i].code, patched[i].message);
      else /* the second copy serves */
        vmh_image_info_free (assert_facts (patched[i].name, "vhdx"));
    }
}

static void
assert_no_image (int fd, int code)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (image_inspect_fd (fd, NULL, &error));
  g_assert_error (error, INN_ERROR, code);
}

static void
test_no_file (void)
{
  g_autofree char *fifo = image_path (image_folder, "fifo.img");
  g_autofree char *file = image_path (image_folder, "file.img");
  int pair[2];
  gint64 start = g_get_monotonic_time ();

  g_assert_no_errno (mkfifo (fifo, 0600));
  g_assert_no_errno (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
  g_assert_true (g_file_set_contents (file, "x", 1, NULL));
  {
    VMH_AUTOFD a = pair[0];
    VMH_AUTOFD b = pair[1];
    VMH_AUTOFD pipe_fd = open (fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    VMH_AUTOFD folder_fd = open (image_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    VMH_AUTOFD null_fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
    VMH_AUTOFD write_fd = open (file, O_WRONLY | O_CLOEXEC);
    VMH_AUTOFD path_fd = open (file, O_PATH | O_CLOEXEC);

    assert_no_image (a, INN_ERROR_BAD_IMAGE);
    assert_no_image (pipe_fd, INN_ERROR_BAD_IMAGE);
    assert_no_image (folder_fd, INN_ERROR_BAD_IMAGE);
    assert_no_image (null_fd, INN_ERROR_BAD_IMAGE);
    assert_no_image (write_fd, INN_ERROR_INVALID_ARGUMENT);
    assert_no_image (path_fd, INN_ERROR_INVALID_ARGUMENT);
    assert_no_image (-1, INN_ERROR_INVALID_ARGUMENT);
  }
  g_assert_cmpint (g_get_monotonic_time () - start, <, G_USEC_PER_SEC);
}

/* Another vmm-inspect in its place: one that hangs, babbles, dies or is not there. */
static void
test_program (void)
{
  static const struct
  {
    const char *script;
    int code;
    const char *message;
    gint64 seconds;
  } programs[] = {
    { "#!/bin/sh\nexec sleep 60\n", INN_ERROR_IO, "within 5 seconds", 5 },
    { "#!/bin/sh\nexec cat /dev/zero\n", INN_ERROR_BAD_IMAGE, "damaged", 0 },
    { "#!/bin/sh\necho problem=none format=raw virtual-size=1\nkill -9 $$\n", INN_ERROR_BAD_IMAGE,
      "damaged", 0 },
    { "#!/bin/sh\n", INN_ERROR_BAD_IMAGE, "damaged", 0 },
  };
  g_autofree char *before = g_strdup (g_getenv ("VMH_LIBEXECDIR"));
  g_autofree char *program = image_path (image_folder, "vmm-inspect");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *file = image_path (image_folder, "file.img");
  VMH_AUTOFD fd = -1;

  write_text ("file.img", "x");
  fd = open (file, O_RDONLY | O_CLOEXEC);
  g_setenv ("VMH_LIBEXECDIR", image_folder, TRUE);
  assert_no_image (fd, INN_ERROR_FAILED);
  for (gsize i = 0; i < G_N_ELEMENTS (programs); i++)
    {
      gint64 start = g_get_monotonic_time ();

      write_text ("vmm-inspect", programs[i].script);
      g_assert_no_errno (g_chmod (program, 0755));
      assert_problem ("file.img", programs[i].code, programs[i].message);
      g_assert_cmpint (g_get_monotonic_time () - start, <,
                       (programs[i].seconds + 2) * G_USEC_PER_SEC);
    }
  write_text ("vmm-inspect", programs[0].script);
  g_assert_no_errno (g_chmod (program, 0755));
  g_timeout_add_once (100, (GSourceOnceFunc)g_cancellable_cancel, cancellable);
  g_assert_null (image_inspect_fd (fd, cancellable, &error));
  g_assert_error (error, INN_ERROR, INN_ERROR_CANCELLED);
  g_setenv ("VMH_LIBEXECDIR", before, TRUE);
}

/* The real program, stopped in its answer by a pipe that is full, as seen from outside. */
static void
test_sandbox (void)
{
  g_autofree char *program = g_build_filename (g_getenv ("VMH_LIBEXECDIR"), "vmm-inspect", NULL);
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *status = NULL;
  g_autofree char *limits = NULL;
  char block[4096] = { 0 };
  int ends[2];
  pid_t pid;

  g_assert_no_errno (pipe2 (ends, O_CLOEXEC));
  g_assert_no_errno (fcntl (ends[1], F_SETFL, O_NONBLOCK));
  while (write (ends[1], block, sizeof block) > 0)
    ;
  g_assert_no_errno (fcntl (ends[1], F_SETFL, 0));
  write_text ("file.img", "x");
  {
    g_autofree char *path = image_path (image_folder, "file.img");

    g_subprocess_launcher_set_stdin_file_path (launcher, path);
  }
  g_subprocess_launcher_take_stdout_fd (launcher, ends[1]);
  process = g_subprocess_launcher_spawn (launcher, &error, program, NULL);
  g_assert_no_error (error);
  pid = (pid_t)atoi (g_subprocess_get_identifier (process));
  for (int i = 0; i < 500; i++)
    {
      g_autofree char *syscall = image_read_proc (pid, "syscall");

      if (g_str_has_prefix (syscall, "1 0x1 ")) /* in write (1, …) on x86_64 */
        break;
      g_usleep (10000);
    }
  status = image_read_proc (pid, "status");
  limits = image_read_proc (pid, "limits");
  image_assert_line (status, "^Seccomp:\t2$");
  image_assert_line (status, "^NoNewPrivs:\t1$");
  image_assert_line (limits, "^Max address space +1073741824 +1073741824 ");
  image_assert_line (limits, "^Max cpu time +2 +2 ");
  image_assert_line (limits, "^Max core file size +0 +0 ");
  if (getuid () == 0)
    {
      image_assert_line (status, "^Uid:\t65534\t65534\t65534\t65534$");
      image_assert_line (status, "^Gid:\t65534\t65534\t65534\t65534$");
      image_assert_line (status, "^Groups:\t *$");
      image_assert_line (status, "^CapEff:\t0000000000000000$");
    }
  g_subprocess_force_exit (process);
  g_subprocess_wait (process, NULL, NULL);
  close (ends[0]);
}

/* A parser taken over is ended by the kernel at its first other call. */
static void
test_filter (void)
{
  g_autofree char *program = g_build_filename (g_getenv ("VMH_LIBEXECDIR"), "vmm-inspect", NULL);
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE);
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = image_path (image_folder, "file.img");

  write_text ("file.img", "x");
  g_subprocess_launcher_set_stdin_file_path (launcher, path);
  g_subprocess_launcher_setenv (launcher, "LD_PRELOAD", g_getenv ("INSPECT_EVIL"), TRUE);
  process = g_subprocess_launcher_spawn (launcher, &error, program, NULL);
  g_assert_no_error (error);
  g_subprocess_wait (process, NULL, NULL);
  g_assert_true (g_subprocess_get_if_signaled (process));
  g_assert_cmpint (g_subprocess_get_term_sig (process), ==, SIGSYS);
}

static gboolean
in_use (int fd)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  gboolean used = FALSE;

  vmh_image_in_use_async (fd, geteuid (), NULL, async_on_ready, &result);
  g_assert_true (vmh_image_in_use_finish (async_wait (&result), &used, &error));
  g_assert_no_error (error);
  return used;
}

/* "Nobody else may write": the last of the locks that any QEMU takes, which only reads or not. */
static gboolean
is_held (int fd)
{
  static const char *const offsets[] = { "201", NULL };
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  int found = -1;

  vmh_errand_locked_async (geteuid (), fd, offsets, NULL, async_on_ready, &result);
  g_assert_true (vmh_errand_finish (async_wait (&result), &found, &error));
  g_assert_no_error (error);
  return found == 0;
}

/* qemu-io holds the image as a QEMU with a guest would. */
static void
assert_used (const char *name, const char *mode, gboolean used)
{
  g_autofree char *path = image_path (image_folder, name);
  VMH_AUTOFD fd = open (path, O_RDWR | O_CLOEXEC);
  g_autoptr (GSubprocess) process =
      g_subprocess_new (G_SUBPROCESS_FLAGS_NONE, NULL, "qemu-io", "-f", "qcow2", mode, "-c",
                        "sleep 30000", path, NULL);

  for (int i = 0; i < 500 && !is_held (fd); i++)
    g_usleep (10000);
  g_assert_true (is_held (fd));
  g_assert_cmpint (in_use (fd), ==, used);
  g_subprocess_force_exit (process);
  g_subprocess_wait (process, NULL, NULL);
  g_assert_false (is_held (fd));
  g_assert_false (in_use (fd));
}

static void
test_in_use (void)
{
  g_autofree char *made =
      image_run (image_folder, "qemu-img", "create", "-q", "-f", "qcow2", "used.qcow2", "1M", NULL);

  assert_used ("used.qcow2", "-n", TRUE);
  assert_used ("used.qcow2", "-r", FALSE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  image_add ("/image/real", test_real);
  image_add ("/image/depends", test_depends);
  image_add ("/image/media", test_media);
  image_add ("/image/hostile", test_hostile);
  image_add ("/image/no-file", test_no_file);
  image_add ("/image/program", test_program);
  image_add ("/image/sandbox", test_sandbox);
  image_add ("/image/filter", test_filter);
  image_add ("/image/in-use", test_in_use);
  return g_test_run ();
}
