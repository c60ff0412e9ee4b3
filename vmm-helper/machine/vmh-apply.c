/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Machine.Apply and its shortcut SetAutostart: the one way to change a machine. */
#include "vmh-verbs.h"

#include <glib/gi18n-lib.h>
#include "core/vmh-flow.h"
#include "shared/inn-domain-new.h"
#include "shared/inn-errors.h"
#include "vmh-balloon.h"
#include "vmh-history.h"
#include "vmh-live.h"
#include "vmh-manager.h"
#include "vmh-orders.h"
#include "vmh-replug.h"
#include "vmh-secrets.h"
#include "vmh-storage.h"

typedef struct
{
  VmhOrdering what;
  VmhCall *call;
  GPtrArray *changes; /* InnChange */
  GArray *outcomes;   /* VmhOutcome, of each */
} Apply;

static void
apply_free (gpointer data)
{
  Apply *apply = data;

  vmh_ordering_clear (&apply->what);
  g_clear_pointer (&apply->changes, g_ptr_array_unref);
  g_clear_pointer (&apply->outcomes, g_array_unref);
  g_free (apply);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Apply, apply_free)

/* Of a machine that is off all is as it is wanted. */
static GVariant *
describe (Apply *apply)
{
  gboolean off = vmh_machine_get_live (apply->what.machine) == NULL;
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(sss)"));
  for (guint i = 0; i < apply->changes->len; i++)
    {
      g_autofree char *name = vmh_change_dup_name (apply->changes->pdata[i]);
      const VmhOutcome *outcome = &g_array_index (apply->outcomes, VmhOutcome, i);

      g_variant_builder_add (&builder, "(sss)", name, off || outcome->live ? "live" : "restart",
                             !off && outcome->sentence != NULL ? outcome->sentence : "");
    }
  return g_variant_builder_end (&builder);
}

static gboolean
store (gpointer context, GError **error)
{
  Apply *apply = context;

  g_autofree char *was = inn_domain_to_xml (vmh_machine_get_domain (apply->what.machine));
  g_autofree char *is = inn_domain_to_xml (apply->what.domain);
  g_autoptr (GError) local = NULL;

  /* A comment is no change and is kept all the same. */
  if (g_str_equal (was, is))
    return TRUE;
  if (!vmh_storage_check_taken (apply->what.domain, vmh_machine_get_domain (apply->what.machine),
                                apply->what.machine, error) ||
      !vmh_machine_store (apply->what.machine, apply->what.domain, error))
    return FALSE;
  /* From here on nothing may fail. What is not noted now is with the next note, or by the next
   * helper: the definition names it. */
  if (apply->what.orders->len > 0 && !vmh_bundle_keep_made (apply->what.bundle, &local))
    g_warning ("%s", local->message);
  return TRUE;
}

static const VmhStep steps[] = {
  { N_ ("Checking the disks"), 1, NULL, vmh_ordering_check, NULL, NULL },
  { N_ ("Making new disks"), 98, NULL, vmh_ordering_make, NULL, vmh_ordering_unmake },
  { N_ ("Writing the definition"), 1, store, NULL, NULL, NULL },
  { 0 },
};

static void
on_changed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Apply) apply = data;

  vmh_balloon_follow (apply->what.machine);
  vmh_history_follow (apply->what.machine);
  vmh_replug_follow ();
  vmh_machine_end (apply->what.machine);
  vmh_call_return (apply->call, g_variant_new ("(@a(sss))", describe (apply)));
}

/* The machine that runs is no step of it: what is written stays, whoever leaves meanwhile. */
static void
on_applied (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Apply) apply = data;
  GError *error = NULL;

  vmh_manager_release (vmh_manager_get (), vmh_machine_get_owner (apply->what.machine),
                       apply->what.domain);
  if (vmh_flow_run_finish (result, &error))
    {
      vmh_live_change_async (apply->what.machine, apply->what.domain, apply->changes,
                             apply->outcomes, on_changed, apply);
      g_steal_pointer (&apply);
      return;
    }
  vmh_machine_end (apply->what.machine);
  vmh_call_fail (apply->call, error);
}

static gboolean
check_fixed (GPtrArray *changes, GError **error)
{
  for (guint i = 0; i < changes->len; i++)
    {
      const InnChange *change = g_ptr_array_index (changes, i);

      /* Devices may be replaced as a whole; what is fixed is fixed in what stays. */
      if (change->field != NULL && (change->field->flags & INN_FIELD_FIXED) != 0)
        {
          g_set_error (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT,
                       _ ("“%s” cannot be changed after the machine is made."),
                       g_dgettext (GETTEXT_PACKAGE, change->field->label));
          return FALSE;
        }
    }
  return TRUE;
}

static gboolean
check_generation (VmhMachine *machine, GVariant *options, GError **error)
{
  guint64 expected;

  if (!g_variant_lookup (options, "generation", "t", &expected) ||
      expected == vmh_bundle_get_generation (vmh_machine_get_bundle (machine)))
    return TRUE;
  g_set_error (error, INN_ERROR, INN_ERROR_CONFLICT,
               _ ("“%s” was changed by someone else meanwhile. Look at it again, then repeat your "
                  "change."),
               vmh_machine_get_name (machine));
  return FALSE;
}

static gboolean
check_uuid (VmhMachine *machine, InnDomain *domain, GError **error)
{
  g_autofree char *uuid = inn_domain_dup_uuid (domain);

  if (uuid != NULL && g_ascii_strcasecmp (uuid, vmh_machine_get_uuid (machine)) == 0)
    return TRUE;
  g_set_error (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT,
               _ ("The definition's uuid must be that of “%s”, %s."),
               vmh_machine_get_name (machine), vmh_machine_get_uuid (machine));
  return FALSE;
}

static Apply *
prepare (VmhCall *call, GError **error)
{
  static const char *const allowed[] = { "generation", "t", "storage", "aa{sv}", NULL };
  VmhMachine *machine = vmh_call_get_object (call);
  g_autoptr (Apply) apply = g_new0 (Apply, 1);
  g_autoptr (GVariant) options = NULL;
  g_autoptr (GVariant) storage = NULL;
  VmhBundle *bundle = vmh_machine_get_bundle (machine);
  const char *xml;

  g_variant_get (vmh_call_get_parameters (call), "(&s@a{sv})", &xml, &options);
  if (!vmh_call_check_options (options, allowed, error) ||
      !vmh_machine_require (machine, ~(1u << VMH_STATE_BROKEN), error) ||
      !check_generation (machine, options, error))
    return NULL;
  apply->call = call;
  apply->what.machine = g_object_ref (machine);
  apply->what.bundle = vmh_bundle_ref (bundle);
  apply->what.domain = inn_domain_parse (xml, -1, error);
  if (apply->what.domain == NULL || !check_uuid (machine, apply->what.domain, error) ||
      !inn_domain_add_macs (apply->what.domain, error) ||
      !vmh_secrets_carry (vmh_machine_get_domain (machine), apply->what.domain, error))
    return NULL;
  storage = g_variant_lookup_value (options, "storage", G_VARIANT_TYPE ("aa{sv}"));
  apply->what.orders = vmh_orders_parse (call, storage, error);
  if (apply->what.orders == NULL ||
      !vmh_orders_place (apply->what.orders, apply->what.domain, vmh_bundle_get_path (bundle),
                         bundle, error) ||
      !inn_domain_check (apply->what.domain, error) ||
      !vmh_manager_check_new (vmh_manager_get (), vmh_machine_get_owner (machine),
                              apply->what.domain, machine, error))
    return NULL;
  apply->changes = inn_domain_diff (vmh_machine_get_domain (machine), apply->what.domain);
  if (!check_fixed (apply->changes, error))
    return NULL;
  apply->outcomes = g_array_new (FALSE, TRUE, sizeof (VmhOutcome));
  g_array_set_clear_func (apply->outcomes, vmh_outcome_clear);
  g_array_set_size (apply->outcomes, apply->changes->len);
  return g_steal_pointer (&apply);
}

void
vmh_verb_apply (VmhCall *call)
{
  VmhMachine *machine = vmh_call_get_object (call);
  GError *error = NULL;
  Apply *apply = NULL;

  if (vmh_live_put_off (call, vmh_verb_apply))
    return;
  if (vmh_machine_begin (machine, &error))
    {
      apply = prepare (call, &error);
      if (apply == NULL)
        vmh_machine_end (machine);
    }
  if (apply == NULL)
    {
      vmh_call_fail (call, error);
      return;
    }
  /* Nobody else takes the new name while disks are made. */
  vmh_manager_claim (vmh_manager_get (), vmh_machine_get_owner (machine), apply->what.domain);
  vmh_flow_run_async ("apply", steps, apply, NULL, vmh_call_get_cancellable (call), on_applied,
                      apply);
}

void
vmh_verb_set_autostart (VmhCall *call)
{
  VmhMachine *machine = vmh_call_get_object (call);
  g_autoptr (GVariant) options = NULL;
  g_autoptr (InnDomain) domain = NULL;
  gboolean autostart, good;
  GError *error = NULL;

  if (vmh_live_put_off (call, vmh_verb_set_autostart))
    return;
  g_variant_get (vmh_call_get_parameters (call), "(b@a{sv})", &autostart, &options);
  good = vmh_call_check_options (options, NULL, &error) &&
         vmh_machine_require (machine, ~(1u << VMH_STATE_BROKEN), &error) &&
         vmh_machine_begin (machine, &error);
  if (good)
    {
      InnElement general;

      domain = inn_domain_copy (vmh_machine_get_domain (machine));
      general = inn_domain_get (domain, "general");
      good = inn_element_get_bool (&general, "autostart") == autostart ||
             (inn_element_set_bool (&general, "autostart", autostart, &error) &&
              vmh_machine_store (machine, domain, &error));
      vmh_machine_end (machine);
    }
  if (good)
    vmh_call_return (call, NULL);
  else
    vmh_call_fail (call, error);
}
