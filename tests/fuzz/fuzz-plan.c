/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Any sound machine as what its QEMU would be started with: the same each time, every node that is
 * JSON in the arguments the node it was made of, every file at a number of its own. */
#include "fuzz.h"
#include "devices/vmh-plan.h"
#include "shared/inn-domain-new.h"

#include <string.h>

static VmhPlan *
make (InnDomain *domain, size_t size, GError **error)
{
  VmhPlanHost host = { .emulator = "qemu-system-x86_64",
                       .accelerator = "tcg",
                       .passt = (size & 1) != 0,
                       .swtpm = (size & 2) != 0,
                       .virtiofsd = (size & 1) != 0,
                       .cards = (size & 1) != 0,
                       .locks = (size & 2) != 0,
                       .vfio = (size & 2) != 0,
                       .bridges = (size & 2) != 0,
                       .chips = (size & 1) != 0 };
  g_autoptr (VmhPlan) plan = NULL;

  if (inn_domain_is_uefi (domain))
    {
      host.firmware = "/usr/share/OVMF/OVMF_CODE_4M.fd";
      host.firmware_format = host.nvram_format = "raw";
    }
  plan = vmh_plan_new (domain, &host);
  return vmh_plan_build (plan, error) ? g_steal_pointer (&plan) : NULL;
}

/* "-device {…}" and its like: what QEMU reads is an object, and nothing stands behind it. */
static void
check_json (const char *text)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;

  if (!json_parser_load_from_data (parser, text, -1, &error))
    g_error ("%s: %s", error->message, text);
  g_assert_true (JSON_NODE_HOLDS_OBJECT (json_parser_get_root (parser)));
}

static void
check_files (VmhPlan *plan)
{
  GPtrArray *files = vmh_plan_get_fds (plan);
  g_autoptr (GHashTable) numbers = g_hash_table_new (NULL, NULL);

  for (guint i = 0; i < files->len; i++)
    {
      const VmhPlanFd *file = files->pdata[i];

      g_assert_cmpint (file->number, >=, VMH_PLAN_FIRST_FD);
      g_assert_true (g_hash_table_add (numbers, GINT_TO_POINTER (file->number)));
      if (file->type == VMH_PLAN_FD_FILE || file->type == VMH_PLAN_FD_COPY)
        g_assert_true (g_path_is_absolute (file->path));
      if (file->type == VMH_PLAN_FD_LISTEN) /* in the runtime folder */
        g_assert_null (strchr (file->name, '/'));
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (InnDomain) domain = inn_domain_parse ((const char *)data, (gssize)size, NULL);
  g_autoptr (VmhPlan) plan = NULL;
  g_autoptr (VmhPlan) again = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) argv = NULL;
  g_auto (GStrv) same = NULL;

  if (domain == NULL || !inn_domain_check (domain, NULL))
    return 0;
  plan = make (domain, size, &error);
  if (plan == NULL)
    {
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      return 0;
    }
  argv = vmh_plan_dup_argv (plan);
  for (char **arg = argv; *arg != NULL; arg++)
    {
      g_assert_true (g_utf8_validate (*arg, -1, NULL));
      if (**arg == '{')
        check_json (*arg);
    }
  check_files (plan);
  again = make (domain, size, &error);
  g_assert_no_error (error);
  same = vmh_plan_dup_argv (again);
  g_assert_true (g_strv_equal ((const char *const *)argv, (const char *const *)same));
  return 0;
}
