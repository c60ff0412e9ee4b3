/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "vmh-start-firmware.h"

#include <string.h>

#include "host/vmh-host.h"
#include "shared/inn-domain-new.h"

void
vmh_start_firmware_clear (VmhStartFirmware *firmware)
{
  g_free (firmware->path);
  g_free (firmware->format);
  g_free (firmware->template);
  g_free (firmware->nvram_format);
}

static const char *
format_of (const char *path)
{
  return g_str_has_suffix (path, ".qcow2") ? "qcow2" : "raw";
}

gboolean
vmh_start_firmware_choose (InnDomain *domain,
                           const char *arch,
                           VmhStartFirmware *firmware,
                           GError **error)
{
  InnElement element = inn_domain_get (domain, "firmware");
  g_autofree char *loader = inn_element_dup (&element, "loader");
  gboolean secure = inn_element_get_bool (&element, "secure-boot") ||
                    inn_element_get_bool (&element, "loader-secure");
  const VmhFirmware *found;

  if (!inn_domain_is_uefi (domain))
    return TRUE;
  found = vmh_host_get_firmware (vmh_host_get_default (), arch, secure ? "uefi-secure" : "uefi",
                                 loader ? NULL : error);
  if (!found && !loader)
    return FALSE;
  firmware->template = found ? g_strdup (found->nvram_template) : NULL;
  firmware->nvram_format =
      g_strdup (found && found->nvram_template_format ? found->nvram_template_format : "raw");
  if (loader && g_str_has_prefix (loader, "/usr/") && !strstr (loader, "/../") &&
      g_file_test (loader, G_FILE_TEST_IS_REGULAR))
    {
      firmware->path = g_steal_pointer (&loader);
      firmware->format = g_strdup (format_of (firmware->path));
      firmware->smm = secure;
      return TRUE;
    }
  if (!found)
    return vmh_host_get_firmware (vmh_host_get_default (), arch, secure ? "uefi-secure" : "uefi",
                                  error) != NULL;
  firmware->path = g_strdup (found->path);
  firmware->format = g_strdup (found->format);
  firmware->smm = found->smm;
  return TRUE;
}
