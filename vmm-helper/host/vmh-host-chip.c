/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "host/vmh-host-chip.h"

#include "host/vmh-host-ids.h"
#include "qemu/vmh-fd.h"
#include "shared/inn-errors.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define NODES      "/dev/"
#define MAX_NUMBER 65535

/* The kernel's own name, made anew: "tpm0", or "tpmrm0" of the class @out_class. NULL: it is none.
 */
static char *
dup_name (const char *path, const char **out_class)
{
  const char *name = g_str_has_prefix (path, NODES) ? path + strlen (NODES) : "";
  const char *class = g_str_has_prefix (name, "tpmrm") ? "tpmrm" : "tpm";
  guint64 number;

  if (!g_str_has_prefix (name, class) ||
      !g_ascii_string_to_unsigned (name + strlen (class), 10, 0, MAX_NUMBER, &number, NULL))
    return NULL;
  *out_class = class;
  return g_strdup_printf ("%s%u", class, (guint)number);
}

/* FALSE: the kernel has no such chip. */
static gboolean
find_number (const char *class, const char *name, dev_t *out_number)
{
  g_autofree char *path = g_build_filename ("/sys/class", class, name, NULL);
  g_autofree char *folder = vmh_ids_dup_path (path);
  g_autofree char *text = vmh_ids_read_attribute (folder, "dev");
  guint high, low;

  if (!text || sscanf (text, "%u:%u", &high, &low) != 2)
    return FALSE;
  *out_number = makedev (high, low);
  return TRUE;
}

static void
explain (int code, const char *path, GError **error)
{
  if (code == EBUSY)
    g_set_error (
        error, INN_ERROR, INN_ERROR_IN_USE,
        _ ("This computer’s security chip “%s” is in use, by another machine or by a "
           "program of this computer. Turn that machine off or end that program, or choose "
           "/dev/tpmrm0, which several can use at a time."),
        path);
  else if (code == EACCES || code == EPERM)
    g_set_error (
        error, INN_ERROR, INN_ERROR_DENIED,
        _ ("This computer’s security chip “%s” may not be opened. Look at who may read and "
           "write it, or give the machine a chip of its own."),
        path);
  else if (code == ENOENT || code == ENODEV || code == ENXIO || code == ELOOP)
    g_set_error (
        error, INN_ERROR, INN_ERROR_NOT_FOUND,
        _ ("This computer has no security chip “%s”. Turn it on in this computer’s firmware "
           "(BIOS or UEFI), where it is also called TPM, PTT or fTPM, choose another one, "
           "or give the machine a chip of its own."),
        path);
  else
    g_set_error (
        error, INN_ERROR, INN_ERROR_IO,
        _ ("This computer’s security chip “%s” does not answer (%s). Restart this computer, "
           "or give the machine a chip of its own."),
        path, g_strerror (code));
}

int
vmh_chip_open (const char *path, GError **error)
{
  const char *class = NULL;
  g_autofree char *name = dup_name (path, &class);
  g_autofree char *node = name ? g_strconcat (NODES, name, NULL) : NULL;
  g_autofree char *place = node ? vmh_ids_dup_path (node) : NULL;
  VMH_AUTOFD fd = -1;
  struct stat facts;
  dev_t number;

  if (!name || !find_number (class, name, &number))
    {
      explain (ENODEV, path, error);
      return -1;
    }
  fd = open (place, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
  if (fd < 0)
    explain (errno, path, error);
  else if (fstat (fd, &facts) != 0 || !S_ISCHR (facts.st_mode) || facts.st_rdev != number)
    explain (ENODEV, path, error); /* something else has its name */
  else
    return vmh_steal_fd (&fd);
  return -1;
}
