/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "vmh-picture.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/vmh-memory-file.h"
#include "qemu/vmh-fd.h"
#include "qemu/vmh-qmp-commands.h"
#include "shared/inn-errors.h"
#include "shared/inn-picture.h"
#include "vmh-life.h"

#define KEPT_WIDTH  640
#define KEPT_HEIGHT 480
#define KEPT_BYTES  (KEPT_WIDTH * KEPT_HEIGHT * 3 + 64)
#define NOTED_AT    "vmh-picture-noted-at"
#define KILL_MS     50               /* for the last picture of a guest that shall end at once */
#define KEPT_AT     "vmh-picture-at" /* of a QEMU: when the bundle got its last picture, s */
#define NAME        "screenshot"     /* of files in memory */

/* QEMU 7.2 writes whole lines of its buffer (ppm_save() in ui/console.c), and those are padded to
 * four bytes, which a PPM's are not: of a width that is no multiple of four each line would be
 * shown a little further to the right. Answers a file without the padding, or -1. It is read, not
 * mapped: QEMU may still cut the file short. */
static int
copy_unpadded (int fd, const InnPictureHead *head, gsize stride)
{
  const gsize line = (gsize)head->width * 3;
  g_autofree guint8 *padded = g_malloc (head->offset + stride * head->height);
  VMH_AUTOFD copy = -1;

  if (pread (fd, padded, head->offset + stride * head->height, 0) !=
      (gssize)(head->offset + stride * head->height))
    return -1;
  for (guint y = 1; y < head->height; y++)
    memmove (padded + head->offset + y * line, padded + head->offset + y * stride, line);
  copy = vmh_memory_file_new (NAME, NULL);
  if (copy < 0 || pwrite (copy, padded, head->length, 0) != (gssize)head->length)
    return -1;
  return vmh_steal_fd (&copy);
}

static void
refuse (GError **error)
{
  g_set_error_literal (error, INN_ERROR, INN_ERROR_QEMU,
                       _ ("QEMU made no picture of the machine's screen."));
}

/* What QEMU wrote is believed only as far as it fits: a head and the pixels. Cuts it to that. */
static gboolean
seal (int *fd, GError **error)
{
  guint8 begin[64] = { 0 };
  InnPictureHead head;
  struct stat st;

  if (pread (*fd, begin, sizeof begin, 0) > 0 && fstat (*fd, &st) == 0 &&
      inn_picture_read_head (begin, sizeof begin, &head, NULL))
    {
      const gsize stride = ((gsize)head.width * 3 + 3) & ~(gsize)3;

      if (head.offset + stride * head.height > head.length &&
          (gsize)st.st_size >= head.offset + stride * head.height)
        {
          int copy = copy_unpadded (*fd, &head, stride);

          vmh_clear_fd (fd);
          *fd = copy;
        }
      if (*fd >= 0 && ftruncate (*fd, (off_t)head.length) == 0 && vmh_memory_file_seal (*fd))
        return TRUE;
    }
  refuse (error);
  return FALSE;
}

/* ---- the present one ---- */

static void
on_dumped (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  int *fd = g_task_get_task_data (task);
  GError *error = NULL;

  if (vmh_qmp_screendump_finish (VMH_QMP (source), result, &error) && seal (fd, &error))
    g_task_return_int (task, vmh_steal_fd (fd));
  else
    g_task_return_error (task, error);
}

static void
fd_free (gpointer data)
{
  vmh_clear_fd (data);
  g_free (data);
}

void
vmh_picture_take_async (VmhMachine *machine, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (machine, NULL, callback, data);
  VmhQemu *qemu = vmh_machine_get_qemu (machine);
  GError *error = NULL;
  VmhQmp *monitor = vmh_life_get_monitor (machine, &error);
  g_autofree char *path = NULL;
  VMH_AUTOFD theirs = -1;
  int *fd = g_new (int, 1);

  *fd = -1;
  g_task_set_source_tag (task, vmh_picture_take_async);
  g_task_set_task_data (task, fd, fd_free);
  if (monitor && vmh_qemu_get_displays (qemu) && *vmh_qemu_get_displays (qemu))
    *fd = vmh_memory_file_new (NAME, &error);
  else if (monitor)
    g_set_error (&error, INN_ERROR, INN_ERROR_NOT_FOUND, _ ("“%s” has no screen."),
                 vmh_machine_get_name (machine));
  if (*fd >= 0)
    {
      /* QEMU writes to an fd of a set only if that fd is for writing alone. */
      path = g_strdup_printf ("/proc/self/fd/%d", *fd);
      theirs = open (path, O_WRONLY | O_CLOEXEC);
      if (theirs < 0)
        g_set_error (&error, INN_ERROR, INN_ERROR_LIMIT, "memfd: %s", g_strerror (errno));
    }
  if (error)
    g_task_return_error (task, error);
  else
    vmh_qmp_screendump_async (monitor, theirs, on_dumped, g_steal_pointer (&task));
}

int
vmh_picture_take_finish (VmhMachine *machine, GAsyncResult *result, GError **error)
{
  return (int)g_task_propagate_int (G_TASK (result), error);
}

/* ---- the last one ---- */

/* A screen that is switched off, or cleared at the end, would say less than the one before it. */
static gboolean
is_blank (const char *data, gsize length)
{
  return memcmp (data, data + 3, length - 3) == 0;
}

static void
set_time (VmhQemu *qemu, const char *key)
{
  g_object_set_data (G_OBJECT (qemu), key,
                     GINT_TO_POINTER ((int)(g_get_monotonic_time () / G_USEC_PER_SEC)));
}

static gboolean
is_recent (VmhQemu *qemu, const char *key, guint age)
{
  gint64 at = GPOINTER_TO_INT (g_object_get_data (G_OBJECT (qemu), key));

  return at != 0 && g_get_monotonic_time () / G_USEC_PER_SEC - at < age;
}

/* Shrunk to a file of KEPT_BYTES at most; NULL where there is nothing to see. */
static GString *
dup_small (const char *ppm, gsize length)
{
  guint width, height;
  GString *small;
  g_autoptr (GBytes) pixels = inn_picture_shrink ((const guint8 *)ppm, length, KEPT_WIDTH,
                                                  KEPT_HEIGHT, &width, &height, NULL);

  if (!pixels || is_blank (g_bytes_get_data (pixels, NULL), g_bytes_get_size (pixels)))
    return NULL;
  small = g_string_sized_new (KEPT_BYTES);
  g_string_printf (small, "P6\n%u %u\n255\n", width, height);
  g_string_append_len (small, g_bytes_get_data (pixels, NULL), (gssize)g_bytes_get_size (pixels));
  return small;
}

/* What is no larger than a shrunk one is kept as it is: that of a text screen, for one. */
static void
keep (VmhMachine *machine, VmhQemu *qemu, int fd)
{
  /* Sealed: it cannot be cut while it is mapped. */
  g_autoptr (GMappedFile) file = g_mapped_file_new_from_fd (fd, FALSE, NULL);
  g_autoptr (GString) small = NULL;
  g_autoptr (GError) error = NULL;
  InnPictureHead head;
  const char *ppm;
  gsize length;

  if (!file)
    return;
  ppm = g_mapped_file_get_contents (file);
  length = g_mapped_file_get_length (file);
  if (!inn_picture_read_head ((const guint8 *)ppm, length, &head, NULL) || head.length > length)
    return;
  if (head.length > KEPT_BYTES)
    {
      small = dup_small (ppm, length);
      ppm = small ? small->str : NULL;
      length = small ? small->len : 0;
    }
  else if (is_blank (ppm + head.offset, length - head.offset))
    return;
  if (!ppm)
    return;
  if (!vmh_bundle_save (vmh_machine_get_bundle (machine), VMH_PICTURE, ppm, (gssize)length,
                        VMH_BUNDLE_PUT, &error))
    g_info ("The last picture of %s: %s", vmh_machine_get_name (machine), error->message);
  set_time (qemu, KEPT_AT);
}

void
vmh_picture_keep (VmhMachine *machine, int fd, guint age)
{
  VmhQemu *qemu = vmh_machine_get_qemu (machine);

  if (qemu && !is_recent (qemu, KEPT_AT, age))
    keep (machine, qemu, fd);
}

int
vmh_picture_open_kept (VmhMachine *machine, GError **error)
{
  g_autoptr (GBytes) ppm =
      vmh_bundle_load (vmh_machine_get_bundle (machine), VMH_PICTURE, KEPT_BYTES, NULL);
  InnPictureHead head;
  gsize length;
  const void *data;

  if (!ppm)
    {
      g_set_error (error, INN_ERROR, INN_ERROR_NOT_FOUND,
                   _ ("There is no picture of the screen of “%s”."),
                   vmh_machine_get_name (machine));
      return -1;
    }
  data = g_bytes_get_data (ppm, &length);
  if (inn_picture_read_head (data, length, &head, NULL) && head.length <= length)
    return vmh_memory_file (NAME, data, head.length, error);
  refuse (error);
  return -1;
}

/* ---- when it ends ---- */

static void
on_noted (GObject *source, GAsyncResult *result, gpointer data)
{
  VmhMachine *machine = VMH_MACHINE (source);
  VMH_AUTOFD fd = vmh_picture_take_finish (machine, result, NULL);

  if (fd < 0 || !vmh_machine_get_qemu (machine))
    return;
  vmh_picture_keep (machine, fd, 0);
  set_time (vmh_machine_get_qemu (machine), NOTED_AT);
}

void
vmh_picture_note (VmhMachine *machine)
{
  vmh_picture_take_async (machine, on_noted, NULL);
}

typedef struct
{
  VmhQemu *qemu;
  guint late;
} Ending;

static gboolean
on_late (gpointer data)
{
  Ending *ending = data;

  ending->late = 0;
  vmh_qemu_kill (ending->qemu);
  return G_SOURCE_REMOVE;
}

static void
on_last_taken (GObject *source, GAsyncResult *result, gpointer data)
{
  Ending *ending = data;
  VMH_AUTOFD fd = vmh_picture_take_finish (VMH_MACHINE (source), result, NULL);

  g_clear_handle_id (&ending->late, g_source_remove);
  vmh_qemu_kill (ending->qemu); /* the file can wait, who has asked for the end cannot */
  if (fd >= 0)
    keep (VMH_MACHINE (source), ending->qemu, fd);
  g_object_unref (ending->qemu);
  g_free (ending);
}

void
vmh_picture_kill (VmhMachine *machine, VmhQemu *qemu, guint age)
{
  Ending *ending;

  if (!vmh_qemu_get_monitor (qemu) || is_recent (qemu, NOTED_AT, age))
    {
      vmh_qemu_kill (qemu);
      return;
    }
  ending = g_new0 (Ending, 1);
  ending->qemu = g_object_ref (qemu);
  ending->late = g_timeout_add (KILL_MS, on_late, ending);
  vmh_picture_take_async (machine, on_last_taken, ending);
}
