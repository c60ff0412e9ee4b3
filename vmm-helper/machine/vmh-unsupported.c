/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Verbs of the contract that this helper does not do yet: each says so. A verb that gets a file of
 * its own leaves this one. */
#include "vmh-verbs.h"

#include <glib/gi18n-lib.h>
#include "shared/inn-errors.h"

static void
refuse (VmhCall *call)
{
  vmh_call_fail (call, g_error_new_literal (INN_ERROR, INN_ERROR_UNSUPPORTED,
                                            _ ("This helper cannot do that. Update it.")));
}

#define REFUSED(verb)                                                                              \
  void vmh_verb_##verb (VmhCall *call)                                                             \
  {                                                                                                \
    refuse (call);                                                                                 \
  }

REFUSED (start)
REFUSED (shutdown)
REFUSED (force_off)
REFUSED (reset)
REFUSED (pause)
REFUSED (resume)
REFUSED (open_display)
REFUSED (open_serial)
REFUSED (screenshot)

GVariant *
vmh_console_get_displays (gpointer machine)
{
  return g_variant_new_strv (NULL, 0);
}

GVariant *
vmh_console_get_serials (gpointer machine)
{
  return g_variant_new_array (G_VARIANT_TYPE ("(ss)"), NULL, 0);
}

VmhJob *
vmh_life_start (VmhMachine *machine, gboolean paused, GError **error)
{
  g_set_error_literal (error, INN_ERROR, INN_ERROR_UNSUPPORTED,
                       _ ("This helper cannot do that. Update it."));
  return NULL;
}

void
vmh_life_recover (VmhMachine *machine)
{
}

pid_t
vmh_life_get_pid (VmhMachine *machine)
{
  return 0;
}
