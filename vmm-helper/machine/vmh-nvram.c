/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Owns how a machine comes to UEFI variables of its own. */
#include "vmh-life.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <glib/gi18n-lib.h>
#include "qemu/vmh-fd.h"
#include "shared/inn-errors.h"

#define MAX_NVRAM                                                                                  \
  (16 * 1024 * 1024) /* bytes; OVMF's are 84 to 540 KiB, AAVMF's 64 MiB are sparse */

static gboolean
copy (VmhBundle *bundle, int from, const char *path, GError **error)
{
  g_autoptr (GByteArray) data = g_byte_array_new ();
  guint8 buffer[65536];
  ssize_t n;

  while ((n = read (from, buffer, sizeof buffer)) > 0 && data->len <= MAX_NVRAM)
    g_byte_array_append (data, buffer, (guint)n);
  if (n < 0 || data->len == 0 || data->len > MAX_NVRAM)
    {
      g_set_error (error, INN_ERROR, INN_ERROR_IO,
                   _ ("“%s” does not look like UEFI variables. Choose UEFI anew in the machine's "
                      "details."),
                   path);
      return FALSE;
    }
  return vmh_bundle_save (bundle, VMH_NVRAM, (const char *)data->data, (gssize)data->len, error);
}

gboolean
vmh_nvram_prepare (VmhBundle *bundle, InnDomain *domain, const char *template_path, GError **error)
{
  static const char *const fields[] = { "nvram", "nvram-template" };
  InnElement firmware = inn_domain_get (domain, "firmware");
  VMH_AUTOFD there = vmh_bundle_open_file (bundle, VMH_NVRAM, O_RDONLY, NULL);
  VMH_AUTOFD from = -1;

  if (there >= 0)
    return TRUE;
  /* What the XML names is opened as its owner opens it; it may well be gone or not theirs. */
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    {
      g_autofree char *path = inn_element_dup (&firmware, fields[i]);
      VMH_AUTOFD named =
          path ? vmh_open_as (vmh_bundle_get_owner (bundle), path, O_RDONLY, NULL) : -1;

      if (named >= 0)
        return copy (bundle, named, path, error);
    }
  from = template_path ? open (template_path, O_RDONLY | O_CLOEXEC) : -1;
  if (from >= 0)
    return copy (bundle, from, template_path, error);
  g_set_error_literal (error, INN_ERROR, INN_ERROR_UNSUPPORTED,
                       _ ("There are no UEFI variables to begin with. Install the package “ovmf”, "
                          "or choose BIOS."));
  return FALSE;
}
