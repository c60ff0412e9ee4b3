/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Whether this computer has huge pages to spare: QEMU would end with a bare "Cannot allocate
 * memory". */
#include "host/vmh-host.h"

#include "shared/inn-errors.h"
#include "shared/inn-size.h"

#include <glib/gi18n-lib.h>

gboolean
vmh_host_check_huge_pages (guint64 page, guint64 size, GError **error)
{
  g_autofree char *path = g_strdup_printf (
      "/sys/kernel/mm/hugepages/hugepages-%" G_GUINT64_FORMAT "kB/free_hugepages", page / 1024);
  g_autofree char *text = NULL;
  g_autofree char *page_size = inn_size_format (page);
  guint64 wanted = (size + page - 1) / page;
  guint64 free_pages = 0;

  if (g_file_get_contents (path, &text, NULL, NULL))
    free_pages = g_ascii_strtoull (text, NULL, 10);
  if (free_pages >= wanted)
    return TRUE;
  g_set_error (error, INN_ERROR, INN_ERROR_UNSUPPORTED,
               _ ("The machine’s memory is to be %u huge pages of %s, and this computer has %u of "
                  "them free. Set more aside (vm.nr_hugepages), or turn off “Huge pages”."),
               (guint)wanted, page_size, (guint)free_pages);
  return FALSE;
}
