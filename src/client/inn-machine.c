/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "inn-machine.h"

#include <glib/gi18n-lib.h>
#include "inn-client-private.h"
#include "inn-props.h"

enum
{
  ROW_UUID,
  ROW_NAME,
  ROW_TITLE,
  ROW_STATE_REASON,
  ROW_OS_ID,
  ROW_VCPUS,
  ROW_MEMORY,
  ROW_AUTOSTART,
  ROW_GENERATION,
  ROW_PENDING,
  ROW_ACCELERATOR,
  ROW_ACCELERATOR_REASON,
  ROW_FOLDER,
  ROW_OWNER,
  ROW_DISPLAYS,
  ROW_SERIALS,
  ROW_SOUND,
  ROW_STATE,
  N_ROWS,
  PROP_STATE,
  PROP_STATE_TEXT,
  PROP_CPU_USE,
  N_PROPS
};

static const InnProp rows[N_ROWS] = {
  [ROW_UUID] = { "uuid", INN_IFACE_MACHINE, "Uuid", "s" },
  [ROW_NAME] = { "name", INN_IFACE_MACHINE, "Name", "s" },
  [ROW_TITLE] = { "title", INN_IFACE_MACHINE, "Title", "s" },
  [ROW_STATE_REASON] = { "state-reason", INN_IFACE_MACHINE, "StateReason", "s" },
  [ROW_OS_ID] = { "os-id", INN_IFACE_MACHINE, "OsId", "s" },
  [ROW_VCPUS] = { "vcpus", INN_IFACE_MACHINE, "Vcpus", "u" },
  [ROW_MEMORY] = { "memory", INN_IFACE_MACHINE, "Memory", "t" },
  [ROW_AUTOSTART] = { "autostart", INN_IFACE_MACHINE, "Autostart", "b" },
  [ROW_GENERATION] = { "generation", INN_IFACE_MACHINE, "Generation", "t" },
  [ROW_PENDING] = { "pending", INN_IFACE_MACHINE, "Pending", "as" },
  [ROW_ACCELERATOR] = { "accelerator", INN_IFACE_MACHINE, "Accelerator", "s" },
  [ROW_ACCELERATOR_REASON] = { "accelerator-reason", INN_IFACE_MACHINE, "AcceleratorReason", "s" },
  [ROW_FOLDER] = { "folder", INN_IFACE_MACHINE, "Folder", "s" },
  [ROW_OWNER] = { "owner", INN_IFACE_MACHINE, "Owner", "u" },
  [ROW_DISPLAYS] = { "displays", INN_IFACE_CONSOLE, "Displays", "as" },
  [ROW_SERIALS] = { "serials", INN_IFACE_CONSOLE, "Serials", "a(ss)" },
  [ROW_SOUND] = { "sound", INN_IFACE_CONSOLE, "Sound", "b" },
  [ROW_STATE] = { NULL, INN_IFACE_MACHINE, "State", "s" },
};

#define S(state) (1u << INN_STATE_##state)

/* What may be done when: the one table, by verb. */
static const struct
{
  const char *method; /* of the Machine interface, for inn_machine_do_async() */
  guint states;
} verbs[INN_N_VERBS] = {
  [INN_VERB_START] = { "Start", S (OFF) | S (CRASHED) },
  [INN_VERB_SHUTDOWN] = { "Shutdown", S (RUNNING) },
  [INN_VERB_FORCE_OFF] = { "ForceOff", S (STARTING) | S (RUNNING) | S (PAUSED) | S (STOPPING) },
  [INN_VERB_RESET] = { "Reset", S (RUNNING) | S (PAUSED) },
  [INN_VERB_PAUSE] = { "Pause", S (RUNNING) },
  [INN_VERB_RESUME] = { "Resume", S (PAUSED) },
  [INN_VERB_DELETE] = { NULL, S (OFF) | S (CRASHED) | S (BROKEN) },
  [INN_VERB_EXPORT] = { NULL, S (OFF) | S (STARTING) | S (RUNNING) | S (PAUSED) | S (STOPPING) |
                                  S (CRASHED) },
  [INN_VERB_USB] = { NULL, S (RUNNING) | S (PAUSED) },
  [INN_VERB_OPEN_DISPLAY] = { NULL, S (RUNNING) | S (PAUSED) },
};

static const struct
{
  const char *name; /* on the bus */
  const char *text;
} states[] = {
  [INN_STATE_OFF] = { "off", N_ ("Off") },
  [INN_STATE_STARTING] = { "starting", N_ ("Starting") },
  [INN_STATE_RUNNING] = { "running", N_ ("Running") },
  [INN_STATE_PAUSED] = { "paused", N_ ("Paused") },
  [INN_STATE_STOPPING] = { "stopping", N_ ("Shutting down") },
  [INN_STATE_CRASHED] = { "crashed", N_ ("Crashed") },
  [INN_STATE_BROKEN] = { "broken", N_ ("Broken") },
  [INN_STATE_UNKNOWN] = { "unknown", N_ ("Unknown") },
};

struct _InnMachine
{
  GObject parent_instance;

  InnConnection *connection; /* unowned: it owns us, and clears this when it goes */
  char *path;
  InnProps props;
  const char **displays; /* the container only; its strings are in props */
  InnState state;
  double cpu_use;
  guint64 cpu_time; /* of the last sample, ns */
  guint64 monotonic;
};

G_DEFINE_FINAL_TYPE (InnMachine, inn_machine, G_TYPE_OBJECT)

static GParamSpec *properties[N_PROPS];

GType
inn_state_get_type (void)
{
  static gsize type = 0;
  static const GEnumValue values[] = {
    { INN_STATE_OFF, "INN_STATE_OFF", "off" },
    { INN_STATE_STARTING, "INN_STATE_STARTING", "starting" },
    { INN_STATE_RUNNING, "INN_STATE_RUNNING", "running" },
    { INN_STATE_PAUSED, "INN_STATE_PAUSED", "paused" },
    { INN_STATE_STOPPING, "INN_STATE_STOPPING", "stopping" },
    { INN_STATE_CRASHED, "INN_STATE_CRASHED", "crashed" },
    { INN_STATE_BROKEN, "INN_STATE_BROKEN", "broken" },
    { INN_STATE_UNKNOWN, "INN_STATE_UNKNOWN", "unknown" },
    { 0, NULL, NULL },
  };

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("InnState", values));
  return type;
}

/* A state that we do not know comes from a newer helper: nothing may be done then. */
static InnState
parse_state (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (states); i++)
    if (g_str_equal (states[i].name, name))
      return i;
  return INN_STATE_UNKNOWN;
}

static void
inn_machine_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  InnMachine *self = INN_MACHINE (object);

  switch (id)
    {
    case PROP_STATE:
      g_value_set_enum (value, self->state);
      break;
    case PROP_STATE_TEXT:
      g_value_set_string (value, _ (states[self->state].text));
      break;
    case PROP_CPU_USE:
      g_value_set_double (value, self->cpu_use);
      break;
    default:
      if (id >= 1 && id <= N_ROWS)
        inn_props_get (&self->props, id - 1, value);
      else
        G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
inn_machine_dispose (GObject *object)
{
  g_clear_weak_pointer (&INN_MACHINE (object)->connection);
  G_OBJECT_CLASS (inn_machine_parent_class)->dispose (object);
}

static void
inn_machine_finalize (GObject *object)
{
  InnMachine *self = INN_MACHINE (object);

  g_free (self->path);
  g_free (self->displays);
  inn_props_clear (&self->props);
  G_OBJECT_CLASS (inn_machine_parent_class)->finalize (object);
}

static void
inn_machine_class_init (InnMachineClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->get_property = inn_machine_get_property;
  object_class->dispose = inn_machine_dispose;
  object_class->finalize = inn_machine_finalize;
  inn_props_install (object_class, rows, N_ROWS);
  properties[PROP_STATE] =
      g_param_spec_enum ("state", NULL, NULL, inn_state_get_type (), INN_STATE_OFF, flags);
  properties[PROP_STATE_TEXT] = g_param_spec_string ("state-text", NULL, NULL, "", flags);
  properties[PROP_CPU_USE] =
      g_param_spec_double ("cpu-use", NULL, NULL, -1, G_MAXDOUBLE, -1, flags);
  for (guint i = PROP_STATE; i < N_PROPS; i++)
    g_object_class_install_property (object_class, i, properties[i]);
}

static void
inn_machine_init (InnMachine *self)
{
  inn_props_init (&self->props, rows, N_ROWS);
  self->cpu_use = -1;
}

InnMachine *
inn_machine_new (InnConnection *connection, const char *path)
{
  InnMachine *self = g_object_new (INN_TYPE_MACHINE, NULL);

  g_set_weak_pointer (&self->connection, connection);
  self->path = g_strdup (path);
  return self;
}

void
inn_machine_update (InnMachine *self, const char *interface, GVariant *members)
{
  InnState state;

  g_object_freeze_notify (G_OBJECT (self));
  inn_props_update (&self->props, G_OBJECT (self), interface, members);
  g_clear_pointer (&self->displays, g_free);
  if (self->props.values[ROW_DISPLAYS] != NULL)
    self->displays = g_variant_get_strv (self->props.values[ROW_DISPLAYS], NULL);
  state = parse_state (inn_props_string (&self->props, ROW_STATE));
  if (self->props.values[ROW_STATE] != NULL && state != self->state)
    {
      self->state = state;
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE]);
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE_TEXT]);
      if (state != INN_STATE_RUNNING)
        inn_machine_forget_samples (self);
    }
  g_object_thaw_notify (G_OBJECT (self));
}

static void
set_cpu_use (InnMachine *self, double use)
{
  if (use == self->cpu_use)
    return;
  self->cpu_use = use;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CPU_USE]);
}

void
inn_machine_add_sample (InnMachine *self, guint64 cpu_time, guint64 monotonic)
{
  if (self->state != INN_STATE_RUNNING)
    return;
  /* A smaller CPU time is another QEMU's. */
  if (self->monotonic != 0 && monotonic > self->monotonic && cpu_time >= self->cpu_time)
    set_cpu_use (self, (double)(cpu_time - self->cpu_time) / (double)(monotonic - self->monotonic));
  self->cpu_time = cpu_time;
  self->monotonic = monotonic;
}

void
inn_machine_forget_samples (InnMachine *self)
{
  self->monotonic = 0;
  set_cpu_use (self, -1);
}

InnConnection *
inn_machine_get_connection (InnMachine *self)
{
  g_return_val_if_fail (INN_IS_MACHINE (self), NULL);
  return self->connection;
}

const char *
inn_machine_get_path (InnMachine *self)
{
  g_return_val_if_fail (INN_IS_MACHINE (self), NULL);
  return self->path;
}

const char *
inn_machine_get_name (InnMachine *self)
{
  g_return_val_if_fail (INN_IS_MACHINE (self), NULL);
  return inn_props_string (&self->props, ROW_NAME);
}

double
inn_machine_get_cpu_use (InnMachine *self)
{
  g_return_val_if_fail (INN_IS_MACHINE (self), -1);
  return self->cpu_use;
}

InnState
inn_machine_get_state (InnMachine *self)
{
  g_return_val_if_fail (INN_IS_MACHINE (self), INN_STATE_BROKEN);
  return self->state;
}

const char *
inn_machine_get_state_reason (InnMachine *self)
{
  g_return_val_if_fail (INN_IS_MACHINE (self), NULL);
  return inn_props_string (&self->props, ROW_STATE_REASON);
}

guint64
inn_machine_get_generation (InnMachine *self)
{
  g_return_val_if_fail (INN_IS_MACHINE (self), 0);
  return self->props.values[ROW_GENERATION] != NULL
             ? g_variant_get_uint64 (self->props.values[ROW_GENERATION])
             : 0;
}

const char *const *
inn_machine_get_displays (InnMachine *self)
{
  static const char *const none[] = { NULL };

  g_return_val_if_fail (INN_IS_MACHINE (self), none);
  return self->displays != NULL ? self->displays : none;
}

GVariant *
inn_machine_get_serials (InnMachine *self)
{
  g_return_val_if_fail (INN_IS_MACHINE (self), NULL);
  return self->props.values[ROW_SERIALS];
}

gboolean
inn_machine_has_sound (InnMachine *self)
{
  g_return_val_if_fail (INN_IS_MACHINE (self), FALSE);
  return self->props.values[ROW_SOUND] != NULL &&
         g_variant_get_boolean (self->props.values[ROW_SOUND]);
}

gboolean
inn_machine_can (InnMachine *self, InnVerb verb)
{
  g_return_val_if_fail (INN_IS_MACHINE (self), FALSE);
  g_return_val_if_fail (verb < INN_N_VERBS, FALSE);
  return (verbs[verb].states & (1u << self->state)) != 0;
}

const char *
inn_verb_get_method (InnVerb verb)
{
  return verbs[verb].method;
}
