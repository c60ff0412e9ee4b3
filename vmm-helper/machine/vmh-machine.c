/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* One machine: its definition, saved in its bundle, and its state, changed along one table. Knows
 * no QMP and starts nothing. */
#include "vmh-machine.h"

#include <glib/gi18n-lib.h>
#include "shared/inn-errors.h"
#include "shared/inn-names.h"
#include "vmh-hostdev.h"
#include "vmh-storage.h"

/* How long a definition that was asked for is kept as a document: a person edits, then looks. */
#define REST_SECONDS 5

struct _VmhMachine
{
  GObject parent_instance;

  VmhRegistry *registry;
  VmhBundle *bundle;  /* NULL where it cannot be opened */
  InnDomain *domain;  /* NULL where broken */
  VmhSummary summary; /* of it */
  GVariant *row;      /* as ListMachines tells it; NULL: not asked for since it has changed */
  guint rest_id;
  InnDomain *live;
  GObject *qemu;
  char *uuid;
  char *name;
  char *path;
  VmhState state;
  char *reason;
  char *accelerator;
  char *accelerator_reason;
  char *user_network;
  GStrv pending;
  gboolean busy;
};

G_DEFINE_FINAL_TYPE (VmhMachine, vmh_machine, G_TYPE_OBJECT)

enum
{
  STATE_CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

#define BIT(state) (1u << (VMH_STATE_##state))

/* From a row's state to those in its set; a state may always follow itself, with another reason.
 * OFF and CRASHED may turn into RUNNING and PAUSED because a helper that begins finds guests. */
static const struct
{
  const char *name;
  guint to;
} states[] = {
  [VMH_STATE_OFF] = { "off", BIT (STARTING) | BIT (RUNNING) | BIT (PAUSED) | BIT (CRASHED) },
  [VMH_STATE_STARTING] = { "starting", BIT (RUNNING) | BIT (PAUSED) | BIT (OFF) | BIT (STOPPING) |
                                           BIT (CRASHED) },
  [VMH_STATE_RUNNING] = { "running", BIT (PAUSED) | BIT (STOPPING) | BIT (OFF) | BIT (CRASHED) },
  [VMH_STATE_PAUSED] = { "paused", BIT (RUNNING) | BIT (STOPPING) | BIT (OFF) | BIT (CRASHED) },
  [VMH_STATE_STOPPING] = { "stopping", BIT (OFF) | BIT (RUNNING) | BIT (PAUSED) | BIT (CRASHED) },
  [VMH_STATE_CRASHED] = { "crashed", BIT (STARTING) | BIT (RUNNING) | BIT (PAUSED) |
                                         BIT (STOPPING) | BIT (OFF) },
  [VMH_STATE_BROKEN] = { "broken", 0 },
};

static void
summary_clear (VmhSummary *summary)
{
  g_free (summary->title);
  g_free (summary->os_id);
  g_clear_pointer (&summary->images, g_ptr_array_unref);
}

static char *
dup_text (const InnElement *element, const char *field)
{
  char *text = inn_element_dup (element, field);

  return text != NULL ? text : g_strdup ("");
}

/* Takes a reference. */
static void
set_domain (VmhMachine *machine, InnDomain *domain)
{
  VmhSummary *summary = &machine->summary;
  InnElement general = inn_domain_get (domain, "general");
  InnElement cpu = inn_domain_get (domain, "cpu");
  InnElement memory = inn_domain_get (domain, "memory");

  inn_domain_ref (domain);
  g_clear_pointer (&machine->domain, inn_domain_unref);
  machine->domain = domain;
  g_free (machine->name);
  machine->name = inn_domain_dup_name (domain);
  summary_clear (summary);
  summary->title = dup_text (&general, "title");
  summary->os_id = dup_text (&general, "os-id");
  summary->vcpus = (guint)inn_element_get_uint (&cpu, "current");
  if (summary->vcpus == 0)
    summary->vcpus = (guint)inn_element_get_uint (&cpu, "vcpus");
  summary->memory = inn_element_get_uint (&memory, "size");
  summary->autostart = inn_element_get_bool (&general, "autostart");
  summary->history = inn_element_get_bool (&general, "history");
  summary->images = vmh_storage_list_uses (domain);
  g_clear_pointer (&machine->row, g_variant_unref);
}

static void
vmh_machine_finalize (GObject *object)
{
  VmhMachine *machine = VMH_MACHINE (object);

  g_clear_object (&machine->qemu);
  g_clear_object (&machine->registry);
  g_clear_pointer (&machine->bundle, vmh_bundle_unref);
  g_clear_handle_id (&machine->rest_id, g_source_remove);
  g_clear_pointer (&machine->domain, inn_domain_unref);
  summary_clear (&machine->summary);
  g_clear_pointer (&machine->row, g_variant_unref);
  g_clear_pointer (&machine->live, inn_domain_unref);
  g_free (machine->uuid);
  g_free (machine->name);
  g_free (machine->path);
  g_free (machine->reason);
  g_free (machine->accelerator);
  g_free (machine->accelerator_reason);
  g_free (machine->user_network);
  g_strfreev (machine->pending);
  G_OBJECT_CLASS (vmh_machine_parent_class)->finalize (object);
}

static void
vmh_machine_class_init (VmhMachineClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = vmh_machine_finalize;

  signals[STATE_CHANGED] = g_signal_new ("state-changed", VMH_TYPE_MACHINE, G_SIGNAL_RUN_LAST, 0,
                                         NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
vmh_machine_init (VmhMachine *machine)
{
  machine->reason = g_strdup ("");
  machine->accelerator = g_strdup ("");
  machine->accelerator_reason = g_strdup ("");
  machine->user_network = g_strdup ("");
  machine->pending = g_new0 (char *, 1);
  machine->summary.title = g_strdup ("");
  machine->summary.os_id = g_strdup ("");
  machine->summary.images = g_ptr_array_new ();
}

static void
set_text (char **field, const char *text)
{
  g_free (*field);
  *field = g_strdup (text != NULL ? text : "");
}

/* Names of changes, as the contract writes them. */
char *
vmh_change_dup_name (const InnChange *change)
{
  return change->field != NULL ? g_strconcat (change->id, "/", change->field->name, NULL)
                               : g_strdup (change->id);
}

static void
update_pending (VmhMachine *machine)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  g_autoptr (GPtrArray) changes = NULL;

  if (machine->live != NULL && machine->domain != NULL)
    changes = inn_domain_diff (machine->live, machine->domain);
  for (guint i = 0; changes != NULL && i < changes->len; i++)
    {
      const InnChange *change = g_ptr_array_index (changes, i);
      g_autofree char *name = vmh_change_dup_name (change);

      if ((change->field == NULL || (change->field->flags & INN_FIELD_NOT_GUEST) == 0) &&
          !vmh_hostdev_is_awaited (machine->domain, change))
        g_strv_builder_add (names, name);
    }
  g_strfreev (machine->pending);
  machine->pending = g_strv_builder_end (names);
  vmh_registry_changed (machine->registry, G_OBJECT (machine), INN_IFACE_MACHINE, "Pending", NULL);
}

VmhMachine *
vmh_machine_new (VmhRegistry *registry,
                 const char *uuid,
                 VmhBundle *bundle,
                 InnDomain *domain,
                 const char *broken)
{
  VmhMachine *machine = g_object_new (VMH_TYPE_MACHINE, NULL);
  g_autofree char *element = g_strdelimit (g_strdup (uuid), "-", '_');

  machine->registry = g_object_ref (registry);
  machine->uuid = g_strdup (uuid);
  machine->path = g_strconcat (INN_MACHINES_PATH "/", element, NULL);
  machine->bundle = bundle != NULL ? vmh_bundle_ref (bundle) : NULL;
  if (domain != NULL)
    set_domain (machine, domain);
  if (machine->name == NULL)
    machine->name = g_strdup (uuid);
  if (domain == NULL)
    {
      machine->state = VMH_STATE_BROKEN;
      set_text (&machine->reason, broken);
    }
  else if (bundle != NULL && vmh_bundle_get_crash (bundle) != NULL)
    {
      machine->state = VMH_STATE_CRASHED;
      set_text (&machine->reason, vmh_bundle_get_crash (bundle));
    }
  return machine;
}

const char *
vmh_machine_get_path (VmhMachine *machine)
{
  return machine->path;
}

const char *
vmh_machine_get_uuid (VmhMachine *machine)
{
  return machine->uuid;
}

const char *
vmh_machine_get_name (VmhMachine *machine)
{
  return machine->name;
}

uid_t
vmh_machine_get_owner (VmhMachine *machine)
{
  /* One whose folder does not say whose it is, is root's or the session's user's. */
  return machine->bundle != NULL ? vmh_bundle_get_owner (machine->bundle) : geteuid ();
}

VmhBundle *
vmh_machine_get_bundle (VmhMachine *machine)
{
  return machine->bundle;
}

VmhRegistry *
vmh_machine_get_registry (VmhMachine *machine)
{
  return machine->registry;
}

static gboolean
on_rest (gpointer data)
{
  VmhMachine *machine = data;

  if (machine->domain != NULL && !inn_domain_fold (machine->domain))
    return G_SOURCE_CONTINUE; /* in use */
  machine->rest_id = 0;
  return G_SOURCE_REMOVE;
}

static void
rest_later (VmhMachine *machine)
{
  if (machine->rest_id == 0)
    machine->rest_id = g_timeout_add_seconds (REST_SECONDS, on_rest, machine);
}

void
vmh_machine_rest (VmhMachine *machine)
{
  if (machine->domain != NULL && !inn_domain_fold (machine->domain))
    rest_later (machine);
}

InnDomain *
vmh_machine_get_domain (VmhMachine *machine)
{
  if (machine->domain != NULL)
    rest_later (machine);
  return machine->domain;
}

const VmhSummary *
vmh_machine_get_summary (VmhMachine *machine)
{
  return &machine->summary;
}

/* To make its 1,000 rows anew is most of the work of a list. */
GVariant *
vmh_machine_get_row (VmhMachine *machine)
{
  const VmhSummary *summary = &machine->summary;

  if (machine->row == NULL)
    machine->row = g_variant_ref_sink (
        g_variant_new (VMH_MACHINE_ROW, machine->path, machine->name, summary->title,
                       states[machine->state].name, summary->os_id, vmh_machine_get_owner (machine),
                       summary->vcpus, summary->memory, summary->autostart));
  return machine->row;
}

gboolean
vmh_machine_store (VmhMachine *machine, InnDomain *domain, GError **error)
{
  g_autofree char *xml = inn_domain_to_xml (domain);

  if (!vmh_bundle_save_definition (machine->bundle, xml, error))
    return FALSE;
  set_domain (machine, domain);
  rest_later (machine);
  vmh_registry_changed (machine->registry, G_OBJECT (machine), INN_IFACE_MACHINE, "Name", "Title",
                        "OsId", "Vcpus", "Memory", "Autostart", "Generation", NULL);
  update_pending (machine);
  return TRUE;
}

InnDomain *
vmh_machine_get_live (VmhMachine *machine)
{
  return machine->live;
}

static gboolean
has_consoles (VmhState state)
{
  return state == VMH_STATE_RUNNING || state == VMH_STATE_PAUSED;
}

gboolean
vmh_machine_has_sound (VmhMachine *machine)
{
  g_autoptr (GPtrArray) cards = machine->live ? inn_domain_list (machine->live, "sound") : NULL;

  return cards && cards->len > 0 && has_consoles (machine->state);
}

void
vmh_machine_set_live (VmhMachine *machine, InnDomain *live)
{
  const gboolean had_sound = vmh_machine_has_sound (machine);

  if (live != NULL)
    inn_domain_ref (live);
  g_clear_pointer (&machine->live, inn_domain_unref);
  machine->live = live;
  update_pending (machine);
  if (vmh_machine_has_sound (machine) != had_sound)
    vmh_registry_changed (machine->registry, G_OBJECT (machine), INN_IFACE_CONSOLE, "Sound", NULL);
}

const char *const *
vmh_machine_get_pending (VmhMachine *machine)
{
  return (const char *const *)machine->pending;
}

VmhState
vmh_machine_get_state (VmhMachine *machine)
{
  return machine->state;
}

const char *
vmh_machine_get_state_name (VmhMachine *machine)
{
  return states[machine->state].name;
}

const char *
vmh_machine_get_state_reason (VmhMachine *machine)
{
  return machine->reason;
}

/* So that it is still told after the helper's next start. */
static void
note_crash (VmhMachine *machine)
{
  const char *crash = machine->state == VMH_STATE_CRASHED ? machine->reason : NULL;
  g_autoptr (GError) error = NULL;

  if (machine->bundle != NULL && !vmh_bundle_set_crash (machine->bundle, crash, &error))
    g_warning ("%s: %s", machine->uuid, error->message);
}

gboolean
vmh_machine_set_state (VmhMachine *machine, VmhState state, const char *reason)
{
  const gboolean had_consoles = has_consoles (machine->state);

  if (state != machine->state && (states[machine->state].to & (1u << state)) == 0)
    {
      g_critical ("%s: from %s to %s is not a legal change", machine->uuid,
                  states[machine->state].name, states[state].name);
      return FALSE;
    }
  machine->state = state;
  g_clear_pointer (&machine->row, g_variant_unref);
  set_text (&machine->reason, reason);
  note_crash (machine);
  vmh_registry_changed (machine->registry, G_OBJECT (machine), INN_IFACE_MACHINE, "State",
                        "StateReason", NULL);
  /* Which screens and lines there are follows from whether it runs. */
  if (has_consoles (state) != had_consoles)
    vmh_registry_changed (machine->registry, G_OBJECT (machine), INN_IFACE_CONSOLE, "Displays",
                          "Serials", "Sound", NULL);
  g_signal_emit (machine, signals[STATE_CHANGED], 0);
  return TRUE;
}

static const char *
describe_state (VmhState state)
{
  switch (state)
    {
    case VMH_STATE_OFF:
      return _ ("“%s” is off.");
    case VMH_STATE_STARTING:
      return _ ("“%s” is just starting. Wait a moment and try again.");
    case VMH_STATE_RUNNING:
      return _ ("“%s” is running. Shut it down first.");
    case VMH_STATE_PAUSED:
      return _ ("“%s” is paused. Resume it or switch it off first.");
    case VMH_STATE_STOPPING:
      return _ ("“%s” is just being switched off. Wait a moment and try again.");
    case VMH_STATE_CRASHED:
      return _ ("“%s” has crashed. Start it again or switch it off first.");
    case VMH_STATE_BROKEN:
      return _ ("The folder of “%s” cannot be read, so nothing can be done with it.");
    default:
      return "%s";
    }
}

gboolean
vmh_machine_require (VmhMachine *machine, guint allowed, GError **error)
{
  if ((allowed & (1u << machine->state)) != 0)
    return TRUE;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* each of the sentences takes the name */
  g_set_error (error, INN_ERROR, INN_ERROR_BAD_STATE, describe_state (machine->state),
               machine->name);
#pragma GCC diagnostic pop
  return FALSE;
}

gboolean
vmh_machine_begin (VmhMachine *machine, GError **error)
{
  if (machine->busy)
    {
      g_set_error (error, INN_ERROR, INN_ERROR_BAD_STATE,
                   _ ("“%s” is just being changed. Wait until that is done."), machine->name);
      return FALSE;
    }
  machine->busy = TRUE;
  return TRUE;
}

void
vmh_machine_end (VmhMachine *machine)
{
  machine->busy = FALSE;
}

VmhQemu *
vmh_machine_get_qemu (VmhMachine *machine)
{
  return (VmhQemu *)machine->qemu;
}

void
vmh_machine_set_qemu (VmhMachine *machine, VmhQemu *qemu)
{
  g_set_object (&machine->qemu, (GObject *)qemu);
}

void
vmh_machine_set_accelerator (VmhMachine *machine, const char *accelerator, const char *reason)
{
  set_text (&machine->accelerator, accelerator);
  set_text (&machine->accelerator_reason, reason);
  vmh_registry_changed (machine->registry, G_OBJECT (machine), INN_IFACE_MACHINE, "Accelerator",
                        "AcceleratorReason", NULL);
}

void
vmh_machine_set_user_network (VmhMachine *machine, const char *user_network)
{
  set_text (&machine->user_network, user_network);
  vmh_registry_changed (machine->registry, G_OBJECT (machine), INN_IFACE_MACHINE, "UserNetwork",
                        NULL);
}

const char *
vmh_machine_get_user_network (VmhMachine *machine)
{
  return machine->user_network;
}

const char *
vmh_machine_get_accelerator (VmhMachine *machine)
{
  return machine->accelerator;
}

const char *
vmh_machine_get_accelerator_reason (VmhMachine *machine)
{
  return machine->accelerator_reason;
}
