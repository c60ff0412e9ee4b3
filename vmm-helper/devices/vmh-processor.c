/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What is said of the processor beside its model: single features, caches, and what the guest finds
 * of KVM and Hyper-V. Those two are KVM's own: an emulated machine is without them, and its log
 * says so. */
#include "devices/vmh-plan-private.h"

#include <string.h>

typedef struct
{
  const char *field, *property;
} Row;

static const Row hyperv_rows[] = {
  { "relaxed", "hv-relaxed" },
  { "vapic", "hv-vapic" },
  { "vpindex", "hv-vpindex" },
  { "runtime", "hv-runtime" },
  { "synic", "hv-synic" },
  { "stimer", "hv-stimer" },
  { "stimer-direct", "hv-stimer-direct" },
  { "reset", "hv-reset" },
  { "frequencies", "hv-frequencies" },
  { "reenlightenment", "hv-reenlightenment" },
  { "tlbflush", "hv-tlbflush" },
  { "ipi", "hv-ipi" },
  { "evmcs", "hv-evmcs" },
  { "avic", "hv-avic" },
};

static void
add (GString *options, const char *property, gboolean on)
{
  g_string_append_printf (options, ",%s=%s", property, on ? "on" : "off");
}

/* Answers whether there is any. */
static gboolean
add_hyperv (VmhPlan *plan, GString *options)
{
  InnElement hyperv = inn_domain_get (plan->domain, "hyperv");
  InnElement clock = inn_domain_get (plan->domain, "clock");
  g_autoptr (GPtrArray) panics = inn_domain_list (plan->domain, "panic");
  g_autofree char *vendor = inn_element_dup (&hyperv, "vendor-id");
  guint64 retries = inn_element_get_uint (&hyperv, "retries");
  gsize before = options->len;

  if (inn_element_is (&hyperv, "mode", "passthrough"))
    add (options, "hv-passthrough", TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (hyperv_rows); i++)
    if (inn_element_get_bool (&hyperv, hyperv_rows[i].field))
      add (options, hyperv_rows[i].property, TRUE);
  if (inn_element_get_bool (&hyperv, "spinlocks"))
    g_string_append_printf (options, ",hv-spinlocks=%" G_GUINT64_FORMAT,
                            retries > 0 ? retries : 8191);
  if (vendor && inn_element_get_bool (&hyperv, "vendor"))
    g_string_append_printf (options, ",hv-vendor-id=%s", vendor);
  /* Synthetic timers go by it. */
  if (inn_element_get_bool (&clock, "hypervclock") || inn_element_get_bool (&hyperv, "stimer"))
    add (options, "hv-time", TRUE);
  for (guint i = 0; i < panics->len; i++)
    if (inn_element_is (panics->pdata[i], "model", "hyperv"))
      {
        add (options, "hv-crash", TRUE);
        break;
      }
  return options->len > before;
}

static gboolean
add_kvm (VmhPlan *plan, GString *options)
{
  InnElement features = inn_domain_get (plan->domain, "features");
  InnElement clock = inn_domain_get (plan->domain, "clock");
  guint64 frequency = inn_element_get_uint (&clock, "tsc-frequency");
  gsize before = options->len;

  if (inn_element_get_bool (&features, "kvm-hidden"))
    add (options, "kvm", FALSE);
  if (inn_element_get_bool (&features, "kvm-hint-dedicated"))
    add (options, "kvm-hint-dedicated", TRUE);
  if (inn_element_get_bool (&features, "kvm-poll-control"))
    add (options, "kvm-poll-control", TRUE);
  if (!inn_element_get_bool (&features, "kvm-pv-ipi"))
    add (options, "kvm-pv-ipi", FALSE);
  if (!inn_element_get_bool (&clock, "kvmclock"))
    add (options, "kvmclock", FALSE);
  if (frequency > 0)
    g_string_append_printf (options, ",tsc-frequency=%" G_GUINT64_FORMAT, frequency);
  return options->len > before;
}

/* The field's lines are "policy name". */
static void
add_features (const InnElement *cpu, GString *options)
{
  g_autofree char *text = inn_element_dup (cpu, "flags");
  g_auto (GStrv) lines = g_strsplit (text ? text : "", "\n", -1);

  for (char **line = lines; *line; line++)
    {
      const char *name = strchr (*line, ' ');

      if (name)
        add (options, name + 1,
             !g_str_has_prefix (*line, "disable") && !g_str_has_prefix (*line, "forbid"));
    }
}

/* Only those without a name of their own have this computer's. */
static void
add_cache (VmhPlan *plan, const InnElement *cpu, const char *model, GString *options)
{
  gboolean named = !g_str_equal (model, "host") && !g_str_equal (model, "max");

  if (inn_element_is (cpu, "cache", "disable"))
    {
      if (!named)
        add (options, "host-cache-info", FALSE);
      add (options, "l3-cache", FALSE);
    }
  else if (inn_element_is (cpu, "cache", "passthrough") && named)
    vmh_plan_note (plan,
                   _ ("A processor of the model “%s” has its own caches, and not this "
                      "computer’s."),
                   model);
  else if (inn_element_is (cpu, "cache", "passthrough"))
    add (options, "host-cache-info", TRUE);
}

char *
vmh_processor_dup_options (VmhPlan *plan, const char *model)
{
  InnElement cpu = inn_domain_get (plan->domain, "cpu");
  InnElement features = inn_domain_get (plan->domain, "features");
  gboolean kvm = g_str_equal (plan->host.accelerator, "kvm");
  g_autoptr (GString) special = g_string_new (NULL);
  GString *options = g_string_new (NULL);
  gboolean any;

  add_features (&cpu, options);
  add_cache (plan, &cpu, model, options);
  if (inn_element_has (&features, "pmu"))
    add (options, "pmu", inn_element_get_bool (&features, "pmu"));
  any = add_hyperv (plan, special);
  any |= add_kvm (plan, special);
  if (inn_element_has (&cpu, "migratable"))
    {
      add (special, "migratable", inn_element_get_bool (&cpu, "migratable"));
      any = TRUE;
    }
  if (inn_element_is (&cpu, "check", "full"))
    {
      g_string_append (special, ",enforce");
      any = TRUE;
    }
  if (any && kvm)
    g_string_append (options, special->str);
  else if (any)
    vmh_plan_note (plan,
                   _ ("It is emulated, so that the guest is without these settings of the "
                      "processor, which are KVM’s: %s"),
                   special->str + 1);
  return g_string_free (options, FALSE);
}
