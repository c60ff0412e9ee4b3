/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "qemu/vmh-qmp-redirect.h"

#include <string.h>

#include "qemu/vmh-qmp-plug.h"

#define PATIENCE_MS 5000

void
vmh_qmp_query_ports_async (VmhQmp *qmp, GAsyncReadyCallback callback, gpointer data)
{
  vmh_qmp_call_async (qmp, "query-chardev", NULL, -1, PATIENCE_MS, NULL, callback, data);
}

/* QEMU says whether somebody is connected in no other way. */
gboolean
vmh_qmp_query_ports_finish (VmhQmp *qmp,
                            GAsyncResult *result,
                            VmhQmpPort ports[VMH_PLAN_REDIRECTS],
                            GError **error)
{
  g_autoptr (JsonNode) reply = NULL;
  JsonArray *chardevs = vmh_qmp_take_list (G_OBJECT (qmp), result, &reply, error);

  memset (ports, 0, VMH_PLAN_REDIRECTS * sizeof *ports);
  for (guint i = 0; chardevs && i < json_array_get_length (chardevs); i++)
    {
      JsonObject *chardev = vmh_qmp_nth (chardevs, i);
      const char *label = vmh_qmp_string (chardev, "label");

      for (guint number = 0; number < VMH_PLAN_REDIRECTS; number++)
        {
          g_autofree char *name = vmh_plan_dup_redirect (number);

          if (g_str_equal (label, name))
            ports[number] = g_str_has_prefix (vmh_qmp_string (chardev, "filename"), "disconnected:")
                                ? VMH_QMP_PORT_FREE
                                : VMH_QMP_PORT_TAKEN;
        }
    }
  return chardevs != NULL;
}
