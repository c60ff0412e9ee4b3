/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Looks at a file: the app's part is whether it is an ISO (and of which system) or a kernel; what
 * format a disk image has, and whether it names other files, is the helper's to say, which looks at
 * images in a sandbox. */

#include "inn-media.h"
#include "inn-foreign-leaks.h"
#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <osinfo/osinfo.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ECMA-119 8.4: the primary volume descriptor stands in sector 16 of 2048 bytes. */
#define ISO_SECTOR        2048
#define ISO_PVD_OFFSET    (16 * ISO_SECTOR)
#define ISO_PVD_BLOCKS    80  /* volume space size, 32-bit little endian first */
#define ISO_PVD_BLOCKSIZE 128 /* logical block size, 16-bit little endian first */
/* Images read back from a disc may lack the 150 sectors of padding behind the last file. */
#define ISO_SLACK (1024 * 1024)
/* Linux Documentation/x86/boot.rst: "HdrS" at 0x202; every boot sector ends in 55 AA. */
#define KERNEL_MAGIC_OFFSET 0x202
#define BOOT_SIGNATURE      0x1fe

/* A file of no known form is taken for a raw disk where its name says so. */
static const char *const raw_suffixes[] = { ".img", ".raw", ".dd", ".bin", ".ima", ".vfd" };

typedef struct
{
  GFile *file;
  InnConnection *connection;
  InnMediaWant want;
} Inquiry;

static void
inquiry_free (Inquiry *inquiry)
{
  g_object_unref (inquiry->file);
  g_clear_object (&inquiry->connection);
  g_free (inquiry);
}

static void
media_clear (gpointer data)
{
  InnMedia *self = data;

  if (self->fd >= 0)
    close (self->fd);
  g_free (self->path);
  g_free (self->name);
  g_free (self->format);
  g_free (self->label);
  g_free (self->used_by);
  g_clear_object (&self->os);
}

InnMedia *
inn_media_ref (InnMedia *self)
{
  return g_atomic_rc_box_acquire (self);
}

void
inn_media_unref (InnMedia *self)
{
  g_atomic_rc_box_release_full (self, media_clear);
}

static gboolean
has_suffix (const char *name, const char *suffix)
{
  gsize length = strlen (name), tail = strlen (suffix);

  return length >= tail && g_ascii_strcasecmp (name + length - tail, suffix) == 0;
}

static void
set_open_error (GError **error, const char *name, int code)
{
  if (code == ENOENT || code == ENOTDIR)
    g_set_error (error, INN_ERROR, INN_ERROR_NOT_FOUND,
                 _ ("“%s” is not there any more. Choose another file."), name);
  else if (code == EACCES || code == EPERM)
    g_set_error (error, INN_ERROR, INN_ERROR_DENIED,
                 _ ("You are not allowed to read “%s”. Ask its owner to let you, or choose a copy "
                    "of your own."),
                 name);
  else
    g_set_error (error, INN_ERROR, INN_ERROR_IO,
                 _ ("“%s” cannot be read: %s. Choose another copy of it."), name,
                 g_strerror (code));
}

/* Without O_NONBLOCK a FIFO that nobody writes to would hold the thread for ever. */
static gboolean
open_file (InnMedia *self, GError **error)
{
  struct stat st;

  self->fd = open (self->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (self->fd < 0 || fstat (self->fd, &st) != 0)
    {
      set_open_error (error, self->name, errno);
      return FALSE;
    }
  if (S_ISDIR (st.st_mode))
    g_set_error (error, INN_ERROR, INN_ERROR_BAD_IMAGE,
                 _ ("“%s” is a folder. Choose the ISO file or disk image inside it."), self->name);
  else if (!S_ISREG (st.st_mode))
    g_set_error (error, INN_ERROR, INN_ERROR_BAD_IMAGE,
                 _ ("“%s” is not an ordinary file. Choose an ISO file or a disk image."),
                 self->name);
  else if (st.st_size == 0)
    g_set_error (error, INN_ERROR, INN_ERROR_BAD_IMAGE,
                 _ ("“%s” is empty. Perhaps its download was interrupted: download it again."),
                 self->name);
  else
    {
      self->size = (guint64)st.st_size;
      self->virtual_size = self->size;
      return TRUE;
    }
  return FALSE;
}

static gboolean
read_at (InnMedia *self, guint8 *buffer, gsize length, guint64 offset)
{
  gsize done = 0;

  while (done < length)
    {
      gssize n = pread (self->fd, buffer + done, length - done, (off_t)(offset + done));

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return FALSE;
      done += (gsize)n;
    }
  return TRUE;
}

static gboolean
is_iso (InnMedia *self, guint64 *out_volume_size)
{
  guint8 pvd[ISO_SECTOR];
  guint64 blocks, block_size;

  if (!read_at (self, pvd, sizeof pvd, ISO_PVD_OFFSET) || memcmp (pvd + 1, "CD001", 5) != 0)
    return FALSE;
  blocks = pvd[ISO_PVD_BLOCKS] | (guint64)pvd[ISO_PVD_BLOCKS + 1] << 8 |
           (guint64)pvd[ISO_PVD_BLOCKS + 2] << 16 | (guint64)pvd[ISO_PVD_BLOCKS + 3] << 24;
  block_size = pvd[ISO_PVD_BLOCKSIZE] | (guint64)pvd[ISO_PVD_BLOCKSIZE + 1] << 8;
  *out_volume_size = blocks * block_size;
  return TRUE;
}

/* libosinfo's blocking function runs the thread's default main context, and without one of its own
 * the program's, where it races with the main loop and now and then waits for ever. */
static OsinfoMedia *
read_medium (const char *location, GCancellable *cancellable, GError **error)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  OsinfoMedia *medium;

  g_main_context_push_thread_default (context);
  INN_FOREIGN_LEAKS_BEGIN;
  medium = osinfo_media_create_from_location_with_flags (location, cancellable, 0, error);
  INN_FOREIGN_LEAKS_END;
  g_main_context_pop_thread_default (context);
  return medium;
}

static gboolean
examine_iso (InnMedia *self, guint64 volume_size, GCancellable *cancellable, GError **error)
{
  g_autoptr (InnOsDb) db = inn_os_db_load_sync ();
  /* By the open file, not by its name again. */
  g_autofree char *location = g_strdup_printf ("/proc/self/fd/%d", self->fd);
  g_autoptr (OsinfoMedia) medium = NULL;
  g_autoptr (GError) local = NULL;
  InnOs *os;

  self->kind = INN_MEDIA_ISO;
  self->format = g_strdup ("iso");
  if (volume_size > self->size + ISO_SLACK)
    {
      g_autofree char *here = g_format_size (self->size);
      g_autofree char *whole = g_format_size (volume_size);

      g_set_error (error, INN_ERROR, INN_ERROR_BAD_IMAGE,
                   _ ("“%s” is cut short: it has only %s of its %s. Download it again."),
                   self->name, here, whole);
      return FALSE;
    }
  medium = read_medium (location, cancellable, &local);
  if (medium == NULL)
    {
      if (g_error_matches (local, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        g_propagate_error (error, g_steal_pointer (&local));
      else
        g_set_error (error, INN_ERROR, INN_ERROR_BAD_IMAGE,
                     _ ("“%s” begins like a CD image, but is damaged. Download it again."),
                     self->name);
      return FALSE;
    }
  self->bootable = osinfo_media_is_bootable (medium);
  self->label = g_strdup (osinfo_media_get_volume_id (medium));
  os = inn_os_db_identify (db, medium, &self->exact);
  g_set_object (&self->os, os);
  return TRUE;
}

static gboolean
examine (InnMedia *self, InnMediaWant want, GCancellable *cancellable, GError **error)
{
  guint8 head[KERNEL_MAGIC_OFFSET + 4] = { 0 };
  guint64 volume_size = 0;
  gboolean whole, boots;

  if (!open_file (self, error))
    return FALSE;
  if (want == INN_MEDIA_WANT_INITRD)
    {
      self->kind = INN_MEDIA_OTHER;
      return TRUE;
    }
  whole = read_at (self, head, sizeof head, 0);
  boots = whole && head[BOOT_SIGNATURE] == 0x55 && head[BOOT_SIGNATURE + 1] == 0xaa;
  if (boots && memcmp (head + KERNEL_MAGIC_OFFSET, "HdrS", 4) == 0)
    {
      self->kind = INN_MEDIA_KERNEL;
      return TRUE;
    }
  if (want == INN_MEDIA_WANT_KERNEL)
    {
      g_set_error (error, INN_ERROR, INN_ERROR_BAD_IMAGE,
                   _ ("“%s” is not a Linux kernel for this kind of computer. Choose a file such as "
                      "“vmlinuz”."),
                   self->name);
      return FALSE;
    }
  if (is_iso (self, &volume_size))
    return examine_iso (self, volume_size, cancellable, error);
  if (has_suffix (self->name, ".iso"))
    {
      g_set_error (error, INN_ERROR, INN_ERROR_BAD_IMAGE,
                   _ ("“%s” is called an ISO, but there is no CD or DVD image in it. Download it "
                      "again, or choose another file."),
                   self->name);
      return FALSE;
    }
  /* Whether it really is one is said by its format, which the helper finds. */
  self->kind = boots ? INN_MEDIA_DISK : INN_MEDIA_OTHER;
  for (gsize i = 0; i < G_N_ELEMENTS (raw_suffixes); i++)
    if (has_suffix (self->name, raw_suffixes[i]))
      self->kind = INN_MEDIA_DISK;
  return TRUE;
}

static void
examine_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Inquiry *inquiry = data;
  g_autoptr (InnMedia) self = g_atomic_rc_box_new0 (InnMedia);
  g_autofree char *base = NULL;
  GError *error = NULL;

  self->fd = -1;
  self->exact = TRUE;
  self->path = g_file_get_path (inquiry->file);
  base = g_file_get_basename (inquiry->file);
  self->name = g_filename_display_name (base != NULL ? base : "");
  if (self->path == NULL)
    {
      g_task_return_new_error (task, INN_ERROR, INN_ERROR_NOT_FOUND,
                               _ ("“%s” is not on this computer. Copy it here first."), self->name);
      return;
    }
  if (examine (self, inquiry->want, cancellable, &error))
    g_task_return_pointer (task, g_steal_pointer (&self), (GDestroyNotify)inn_media_unref);
  else
    g_task_return_error (task, error);
}

static gboolean
take_facts (InnMedia *self, GVariant *reply, GError **error)
{
  g_autoptr (GVariant) facts = g_variant_get_child_value (reply, 0);
  const char *other = NULL;

  if (g_variant_lookup (facts, "backing-file", "&s", &other) ||
      g_variant_lookup (facts, "data-file", "&s", &other))
    {
      g_set_error (error, INN_ERROR, INN_ERROR_FOREIGN_BACKING,
                   _ ("“%s” is not complete by itself: it needs the file “%s”. Join the two with "
                      "“qemu-img convert” and choose the result."),
                   self->name, other);
      return FALSE;
    }
  g_variant_lookup (facts, "format", "s", &self->format);
  g_variant_lookup (facts, "virtual-size", "t", &self->virtual_size);
  g_variant_lookup (facts, "used-by", "s", &self->used_by);
  if (self->kind == INN_MEDIA_OTHER && (self->format == NULL || g_str_equal (self->format, "raw")))
    {
      g_set_error (error, INN_ERROR, INN_ERROR_BAD_IMAGE,
                   _ ("“%s” is neither a CD image nor a disk image. Choose another file."),
                   self->name);
      return FALSE;
    }
  self->kind = INN_MEDIA_DISK;
  return TRUE;
}

static void
on_facts_ready (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  g_autoptr (InnMedia) self = inn_media_ref (g_object_get_data (G_OBJECT (task), "media"));
  GError *error = NULL;
  g_autoptr (GVariant) reply =
      inn_connection_call_finish (INN_CONNECTION (source), result, NULL, &error);

  if (reply != NULL && take_facts (self, reply, &error))
    g_task_return_pointer (task, g_steal_pointer (&self), (GDestroyNotify)inn_media_unref);
  else
    g_task_return_error (task, error);
}

static void
on_examined (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  const Inquiry *inquiry = g_task_get_task_data (task);
  g_autoptr (GUnixFDList) fds = NULL;
  GError *error = NULL;
  g_autoptr (InnMedia) self = g_task_propagate_pointer (G_TASK (result), &error);

  if (self == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  if (self->kind == INN_MEDIA_ISO || self->kind == INN_MEDIA_KERNEL ||
      inquiry->want != INN_MEDIA_WANT_SOURCE)
    {
      g_task_return_pointer (task, g_steal_pointer (&self), (GDestroyNotify)inn_media_unref);
      return;
    }
  if (inquiry->connection == NULL)
    {
      g_task_return_new_error (task, INN_ERROR, INN_ERROR_HELPER,
                               _ ("There is no helper to ask about the disk image “%s”."),
                               self->name);
      return;
    }
  fds = g_unix_fd_list_new ();
  if (g_unix_fd_list_append (fds, self->fd, &error) < 0)
    {
      g_task_return_error (task, error);
      return;
    }
  g_object_set_data_full (G_OBJECT (task), "media", inn_media_ref (self),
                          (GDestroyNotify)inn_media_unref);
  inn_connection_call_async (inquiry->connection, INN_MANAGER_PATH, INN_IFACE_MANAGER,
                             "InspectImage", g_variant_new ("(ha{sv})", 0, NULL), fds,
                             g_task_get_cancellable (task), on_facts_ready, g_object_ref (task));
}

void
inn_media_inspect_async (InnConnection *connection,
                         GFile *file,
                         InnMediaWant want,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);
  g_autoptr (GTask) inner = g_task_new (NULL, cancellable, on_examined, task);
  Inquiry *inquiry = g_new0 (Inquiry, 1);

  inquiry->file = g_object_ref (file);
  inquiry->want = want;
  g_set_object (&inquiry->connection, connection);
  g_task_set_source_tag (task, inn_media_inspect_async);
  g_task_set_task_data (task, inquiry, (GDestroyNotify)inquiry_free);
  /* The outer task, which lives longer, owns it. */
  g_task_set_task_data (inner, inquiry, NULL);
  g_task_run_in_thread (inner, examine_in_thread);
}

InnMedia *
inn_media_inspect_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

char *
inn_media_suggest_name (InnMedia *self)
{
  const char *dot;

  if (self->os != NULL && self->exact && !inn_os_is_generic (self->os))
    return g_strdup (inn_os_get_name (self->os));
  dot = strrchr (self->name, '.');
  return dot != NULL && dot != self->name ? g_strndup (self->name, (gsize)(dot - self->name))
                                          : g_strdup (self->name);
}
