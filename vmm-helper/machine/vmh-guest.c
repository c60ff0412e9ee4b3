/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The verbs of Guest: what the agent in a machine is asked. It may be silent, slow or hostile; its
 * caller waits for it, and nobody else does. */
#include "vmh-life.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "core/vmh-limits.h"
#include "core/vmh-tally.h"
#include "qemu/vmh-agent-info.h"
#include "shared/inn-errors.h"
#include "vmh-picture.h"

#define AWAKE        (1u << VMH_STATE_RUNNING | 1u << VMH_STATE_STOPPING)
#define MAX_USER     256 /* bytes; Linux has 32, Windows 104 */
#define MAX_PASSWORD 512

static const char *const no_options[] = { NULL };
static VmhTally talks;

typedef struct
{
  VmhCall *call;
  uid_t user;
} Asking;

static Asking *
asking_new (VmhCall *call)
{
  Asking *asking = g_new0 (Asking, 1);

  asking->call = call;
  asking->user = vmh_call_get_uid (call);
  vmh_tally_add (&talks, asking->user, 1);
  return asking;
}

static void
asking_free (Asking *asking)
{
  vmh_tally_take (&talks, asking->user, 1);
  g_free (asking);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Asking, asking_free)

static gboolean
check (VmhCall *call, GVariant *options, GError **error)
{
  VmhMachine *machine = vmh_call_get_object (call);

  if (!vmh_call_check_options (options, no_options, error) ||
      !vmh_machine_require (machine, AWAKE, error))
    return FALSE;
  if (vmh_tally_get (&talks, vmh_call_get_uid (call)) < VMH_MAX_TALKS_PER_UID &&
      vmh_machine_get_qemu (machine))
    return TRUE;
  g_set_error_literal (error, INN_ERROR, INN_ERROR_LIMIT,
                       _ ("Too many guest agents are asked at once. Wait until some have "
                          "answered."));
  return FALSE;
}

/* ---- GetInfo ---- */

static void
on_told (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Asking) asking = data;
  GError *error = NULL;
  g_autoptr (GPtrArray) answers = vmh_agent_ask_finish (result, &error);

  if (error && !g_error_matches (error, INN_ERROR, INN_ERROR_GUEST))
    {
      vmh_call_fail (asking->call, error);
      return;
    }
  g_clear_error (&error);
  vmh_call_return (asking->call, g_variant_new ("(@a{sv})", vmh_agent_info_build (answers)));
}

void
vmh_verb_guest_get_info (VmhCall *call)
{
  VmhMachine *machine = vmh_call_get_object (call);
  g_autoptr (GVariant) options = NULL;
  GError *error = NULL;

  g_variant_get (vmh_call_get_parameters (call), "(@a{sv})", &options);
  if (check (call, options, &error))
    vmh_agent_ask_async (vmh_machine_get_qemu (machine), vmh_agent_info_list (), on_told,
                         asking_new (call));
  else
    vmh_call_fail (call, error);
}

/* ---- what is one command ---- */

static void
on_done (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Asking) asking = data;
  GError *error = NULL;
  g_autoptr (GPtrArray) answers = vmh_agent_ask_finish (result, &error);

  /* One that needs no answer has none. */
  if (answers && (!answers->pdata[0] || vmh_agent_check (answers->pdata[0], &error)))
    vmh_call_return (asking->call, NULL);
  else
    vmh_call_fail (asking->call, error);
}

static void
do_it (VmhCall *call, GPtrArray *commands)
{
  vmh_agent_ask_async (vmh_machine_get_qemu (vmh_call_get_object (call)), commands, on_done,
                       asking_new (call));
}

/* FALSE: the call is over. */
static gboolean
begin (VmhCall *call)
{
  g_autoptr (GVariant) options = NULL;
  GError *error = NULL;

  g_variant_get (vmh_call_get_parameters (call), "(@a{sv})", &options);
  if (check (call, options, &error))
    return TRUE;
  vmh_call_fail (call, error);
  return FALSE;
}

static gint64
get_now (void)
{
  return g_get_real_time () * 1000;
}

void
vmh_verb_guest_set_time (VmhCall *call)
{
  if (begin (call))
    do_it (call, vmh_agent_set_time (get_now ()));
}

void
vmh_verb_guest_trim (VmhCall *call)
{
  if (begin (call))
    do_it (call, vmh_agent_trim ());
}

void
vmh_verb_guest_power_off (VmhCall *call)
{
  if (!begin (call))
    return;
  vmh_picture_note (vmh_call_get_object (call));
  do_it (call, vmh_agent_power_off ());
}

/* ---- SetPassword ---- */

static gboolean
is_plain (const char *text, gsize most, gboolean name)
{
  if (*text == '\0' || strlen (text) > most)
    return FALSE;
  for (const char *at = text; *at; at = g_utf8_next_char (at))
    if (g_unichar_iscntrl (g_utf8_get_char (at)) || (name && *at == ':'))
      return FALSE;
  return TRUE;
}

/* In the guest both may become a line "user:password". No error repeats what is secret. */
static gboolean
check_password (const char *user, const char *password, GError **error)
{
  if (!is_plain (user, MAX_USER, TRUE))
    g_set_error_literal (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT,
                         _ ("That is no user's name. Give the name of a user of the guest."));
  else if (!is_plain (password, MAX_PASSWORD, FALSE))
    g_set_error_literal (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT,
                         _ ("That can be no password: it is empty, too long, or has characters "
                            "that cannot be typed."));
  else
    return TRUE;
  return FALSE;
}

void
vmh_verb_guest_set_password (VmhCall *call)
{
  g_autoptr (GVariant) options = NULL;
  const char *user, *password;
  GError *error = NULL;

  g_variant_get (vmh_call_get_parameters (call), "(&s&s@a{sv})", &user, &password, &options);
  if (check (call, options, &error) && check_password (user, password, &error))
    do_it (call, vmh_agent_set_password (user, password));
  else
    vmh_call_fail (call, error);
}

/* ---- by itself ---- */

static void
on_time_followed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) answers = vmh_agent_ask_finish (result, &error);

  /* Without an agent there is nobody to tell it. */
  if (error)
    g_debug ("The guest's clock is not set: %s", error->message);
}

void
vmh_guest_follow_time (VmhMachine *machine)
{
  VmhQemu *qemu = vmh_machine_get_qemu (machine);

  if (qemu)
    vmh_agent_ask_async (qemu, vmh_agent_set_time (get_now ()), on_time_followed, NULL);
}

/* The guest sees a new processor some time after it has come. */
#define CPU_SECONDS 1
#define CPU_TRIES   8

typedef struct
{
  VmhMachine *machine;
  VmhQemu *qemu; /* of then */
  guint n, tries;
} Switching;

static gboolean on_switch_due (gpointer data);

static void
switching_free (Switching *switching)
{
  g_object_unref (switching->machine);
  g_object_unref (switching->qemu);
  g_free (switching);
}

static void
on_switched (GObject *source, GAsyncResult *result, gpointer data)
{
  Switching *switching = data;
  g_autoptr (GPtrArray) answers = vmh_agent_ask_finish (result, NULL);
  JsonNode *answer = answers ? answers->pdata[0] : NULL;
  const gint64 on = answer ? vmh_qmp_int (json_node_get_object (answer), "return", 0) : 0;

  /* Without an agent it is not tried again. */
  if (answer && on < switching->n && ++switching->tries < CPU_TRIES)
    g_timeout_add_seconds (CPU_SECONDS, on_switch_due, switching);
  else
    switching_free (switching);
}

static gboolean
on_switch_due (gpointer data)
{
  Switching *switching = data;

  if (vmh_machine_get_qemu (switching->machine) == switching->qemu)
    vmh_agent_ask_async (switching->qemu, vmh_agent_set_cpus (switching->n), on_switched,
                         switching);
  else
    switching_free (switching);
  return G_SOURCE_REMOVE;
}

void
vmh_guest_follow_cpus (VmhMachine *machine, guint n)
{
  VmhQemu *qemu = vmh_machine_get_qemu (machine);
  Switching *switching;

  if (!qemu)
    return;
  switching = g_new0 (Switching, 1);
  *switching = (Switching){ g_object_ref (machine), g_object_ref (qemu), n, 0 };
  g_timeout_add_seconds (CPU_SECONDS, on_switch_due, switching);
}
