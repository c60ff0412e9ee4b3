/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The verbs of Console: screens, text lines, screenshots. Bytes never pass through here: each
 * viewer gets a socket whose other end is QEMU's or the shim's. */
#include "vmh-life.h"

#include <errno.h>
#include <glib-unix.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/socket.h>

#include "core/vmh-wire.h"
#include "qemu/vmh-fd.h"
#include "qemu/vmh-qmp-commands.h"
#include "qemu/vmh-record.h"
#include "qemu/vmh-runtime.h"
#include "shared/inn-errors.h"
#include "vmh-picture.h"

/* A picture that somebody asked for is kept as the last one that often. */
#define KEEP_SECONDS 120
#define UP           (1u << VMH_STATE_RUNNING | 1u << VMH_STATE_PAUSED)
#define SCREEN_MS    2000
#define SHOWING      "vmh-showing" /* of a VmhQemu: Opening, that wait until */
#define SHOWN        "vmh-shown"   /* of a VmhQemu: vmm-screen has its display */
#define DOWN         (1u << VMH_STATE_OFF | 1u << VMH_STATE_CRASHED)

GVariant *
vmh_console_get_displays (gpointer object)
{
  VmhQemu *qemu = vmh_machine_get_qemu (object);

  if (!qemu || !vmh_qemu_get_displays (qemu) || (1u << vmh_machine_get_state (object) & UP) == 0)
    return g_variant_new_strv (NULL, 0);
  return g_variant_new_strv (vmh_qemu_get_displays (qemu), -1);
}

GVariant *
vmh_console_get_serials (gpointer object)
{
  VmhQemu *qemu = vmh_machine_get_qemu (object);
  const char *const *lines = qemu ? vmh_qemu_get_lines (qemu) : NULL;
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(ss)"));
  for (; lines && *lines && (1u << vmh_machine_get_state (object) & UP); lines++)
    {
      g_auto (GStrv) parts = g_strsplit (*lines, "=", 2);

      if (g_strv_length (parts) == 2)
        g_variant_builder_add (&builder, "(ss)", parts[0], parts[1]);
    }
  return g_variant_builder_end (&builder);
}

GVariant *
vmh_console_get_sound (gpointer object)
{
  return g_variant_new_boolean (vmh_machine_has_sound (object));
}

/* One call under way: what it will hand out, and who waits for it. */
typedef struct
{
  VmhCall *call;
  VmhQmp *monitor; /* NULL: it is the shim that is asked */
  int ours;        /* for the caller */
  int theirs;      /* for QEMU; -1 once it has it */
  /* Of frames alone. */
  VmhQemu *qemu;
  int control; /* where vmm-screen is asked; -1: it is not */
  int pointer; /* QEMU's end of VNC */
  guint answer_id, timeout_id;
} Opening;

static Opening *
opening_new (VmhCall *call, VmhQmp *monitor)
{
  Opening *opening = g_new0 (Opening, 1);

  opening->call = call;
  opening->monitor = monitor ? g_object_ref (monitor) : NULL;
  opening->ours = opening->theirs = opening->control = opening->pointer = -1;
  return opening;
}

static void
opening_free (Opening *opening)
{
  vmh_clear_fd (&opening->ours);
  vmh_clear_fd (&opening->theirs);
  vmh_clear_fd (&opening->control);
  vmh_clear_fd (&opening->pointer);
  g_clear_object (&opening->qemu);
  g_clear_object (&opening->monitor);
  g_free (opening);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Opening, opening_free)

static gboolean
make_pair (int *out_ours, int *out_theirs, GError **error)
{
  int pair[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
    {
      g_set_error (error, INN_ERROR, INN_ERROR_LIMIT, "socketpair: %s", g_strerror (errno));
      return FALSE;
    }
  *out_ours = pair[0];
  *out_theirs = pair[1];
  return TRUE;
}

/* ---- OpenDisplay ---- */

static void
end_opening (Opening *opening, const GError *error)
{
  if (error && opening->qemu)
    vmh_call_fail (opening->call, g_error_copy (error));
  else if (error)
    vmh_life_fail (opening->call, g_error_copy (error));
  else
    vmh_call_return_fd (opening->call, g_variant_new ("(h)", 0), vmh_steal_fd (&opening->ours));
  opening_free (opening);
}

/* Whoever came meanwhile, too: QEMU 7.2 loses its display where it gets a second viewer before it
 * has seen to the first. */
static void
end_showing (VmhQemu *qemu, const GError *error)
{
  g_autoptr (GPtrArray) waiting = g_object_steal_data (G_OBJECT (qemu), SHOWING);

  if (!error)
    g_object_set_data (G_OBJECT (qemu), SHOWN, GINT_TO_POINTER (TRUE));
  for (guint i = 0; i < waiting->len; i++)
    end_opening (waiting->pdata[i], error);
}

static void
on_client_added (GObject *source, GAsyncResult *result, gpointer data)
{
  Opening *opening = data;
  g_autoptr (VmhQemu) qemu = opening->qemu ? g_object_ref (opening->qemu) : NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) reply = vmh_qmp_call_finish (opening->monitor, result, &error);

  if (qemu)
    end_showing (qemu, error);
  else
    end_opening (opening, error);
}

/* QEMU gets its end of the viewer's connection. */
static void
add_viewer (Opening *opening, const char *protocol)
{
  vmh_qmp_add_viewer_async (opening->monitor, protocol, opening->theirs, on_client_added, opening);
  vmh_clear_fd (&opening->theirs);
}

/* Without VNC the guest's pointer is not seen before it changes. */
static void
on_pointer_added (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) reply = vmh_qmp_call_finish (VMH_QMP (source), result, &error);

  if (!reply)
    g_info ("%s", error->message);
}

static void
stop_waiting (Opening *opening)
{
  g_clear_handle_id (&opening->answer_id, g_source_remove);
  g_clear_handle_id (&opening->timeout_id, g_source_remove);
}

static void
fail_showing (Opening *opening, InnError code)
{
  g_autoptr (VmhQemu) qemu = g_object_ref (opening->qemu);
  g_autoptr (GError) error =
      g_error_new_literal (INN_ERROR, code, _ ("The machine's screen did not answer."));

  stop_waiting (opening);
  end_showing (qemu, error);
}

/* The display's end comes first, then VNC's, by one write each. */
static gboolean
on_screen_answered (int fd, GIOCondition condition, gpointer data)
{
  Opening *opening = data;
  int *end = opening->theirs < 0 ? &opening->theirs : &opening->pointer;
  char byte;

  if (vmh_wire_receive (fd, &byte, 1, end, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 1 || *end < 0)
    {
      fail_showing (opening, INN_ERROR_QEMU);
      return G_SOURCE_REMOVE;
    }
  if (opening->pointer < 0)
    return G_SOURCE_CONTINUE;
  stop_waiting (opening);
  vmh_qmp_add_viewer_async (opening->monitor, "vnc", opening->pointer, on_pointer_added, NULL);
  add_viewer (opening, "dbus");
  return G_SOURCE_REMOVE;
}

static gboolean
on_screen_silent (gpointer data)
{
  fail_showing (data, INN_ERROR_TIMEOUT);
  return G_SOURCE_REMOVE;
}

/* vmm-screen makes the connection that QEMU gets, which is done once in a helper's life. */
static void
ask_screen (Opening *opening)
{
  g_ptr_array_add (g_object_get_data (G_OBJECT (opening->qemu), SHOWING), opening);
  opening->answer_id =
      g_unix_fd_add (opening->control, G_IO_IN | G_IO_HUP, on_screen_answered, opening);
  opening->timeout_id = g_timeout_add (SCREEN_MS, on_screen_silent, opening);
}

/* A viewer of vmm-screen. Takes @opening. */
static void
open_frames (VmhMachine *machine, Opening *opening)
{
  VmhBundle *bundle = vmh_machine_get_bundle (machine);
  GPtrArray *waiting;
  g_autoptr (GError) error = NULL;

  opening->qemu = g_object_ref (vmh_machine_get_qemu (machine));
  waiting = g_object_get_data (G_OBJECT (opening->qemu), SHOWING);
  opening->ours = vmh_runtime_connect (bundle, VMH_SCREEN_VIEWERS, SOCK_SEQPACKET, &error);
  if (!error && !waiting && !g_object_get_data (G_OBJECT (opening->qemu), SHOWN))
    opening->control = vmh_runtime_connect (bundle, VMH_SCREEN_QEMU, SOCK_SEQPACKET, &error);
  if (!error && waiting)
    g_ptr_array_add (waiting, opening);
  else if (opening->control < 0)
    end_opening (opening, error);
  else
    {
      g_object_set_data_full (G_OBJECT (opening->qemu), SHOWING, g_ptr_array_new (),
                              (GDestroyNotify)g_ptr_array_unref);
      ask_screen (opening);
    }
}

void
vmh_verb_open_display (VmhCall *call)
{
  static const char *const allowed[] = { NULL };
  VmhMachine *machine = vmh_call_get_object (call);
  g_autoptr (GVariant) options = NULL;
  g_autoptr (Opening) opening = NULL;
  VmhQmp *monitor;
  GError *error = NULL;
  const char *protocol;

  g_variant_get (vmh_call_get_parameters (call), "(&s@a{sv})", &protocol, &options);
  if (!vmh_call_check_options (options, allowed, &error) ||
      !vmh_machine_require (machine, UP, &error))
    {
      vmh_call_fail (call, error);
      return;
    }
  if (!g_strv_contains (vmh_qemu_get_displays (vmh_machine_get_qemu (machine)), protocol))
    {
      vmh_call_fail (call, g_error_new (INN_ERROR, INN_ERROR_NOT_FOUND,
                                        _ ("“%s” shows no screen this way (%s)."),
                                        vmh_machine_get_name (machine), protocol));
      return;
    }
  monitor = vmh_life_get_monitor (machine, &error);
  opening = opening_new (call, monitor);
  if (monitor && g_str_equal (protocol, "frames"))
    open_frames (machine, g_steal_pointer (&opening));
  else if (monitor && make_pair (&opening->ours, &opening->theirs, &error))
    add_viewer (g_steal_pointer (&opening), protocol);
  else
    vmh_call_fail (call, error);
}

/* ---- OpenSerial ---- */

static gboolean
has_line (VmhMachine *machine, const char *name)
{
  const char *const *lines = vmh_qemu_get_lines (vmh_machine_get_qemu (machine));
  g_autofree char *prefix = g_strconcat (name, "=", NULL);

  for (; lines && *lines; lines++)
    if (g_str_has_prefix (*lines, prefix) && !strchr (name, '='))
      return TRUE;
  return FALSE;
}

static void
on_line_shown (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Opening) opening = data;
  GError *error = NULL;

  if (vmh_runtime_view_finish (result, &error))
    vmh_call_return_fd (opening->call, g_variant_new ("(h)", 0), vmh_steal_fd (&opening->ours));
  else
    vmh_call_fail (opening->call, error);
}

void
vmh_verb_open_serial (VmhCall *call)
{
  static const char *const allowed[] = { "history", "b", "read-only", "b", NULL };
  VmhMachine *machine = vmh_call_get_object (call);
  g_autoptr (GVariant) options = NULL;
  g_autoptr (Opening) opening = NULL;
  gboolean history = TRUE, read_only = FALSE;
  GError *error = NULL;
  const char *name;

  g_variant_get (vmh_call_get_parameters (call), "(&s@a{sv})", &name, &options);
  if (!vmh_call_check_options (options, allowed, &error) ||
      !vmh_machine_require (machine, UP, &error))
    {
      vmh_call_fail (call, error);
      return;
    }
  g_variant_lookup (options, "history", "b", &history);
  g_variant_lookup (options, "read-only", "b", &read_only);
  if (!has_line (machine, name))
    {
      vmh_call_fail (call,
                     g_error_new (INN_ERROR, INN_ERROR_NOT_FOUND, _ ("“%s” has no text line “%s”."),
                                  vmh_machine_get_name (machine), name));
      return;
    }
  opening = opening_new (call, NULL);
  if (!make_pair (&opening->ours, &opening->theirs, &error))
    {
      vmh_call_fail (call, error);
      return;
    }
  vmh_runtime_view_async (vmh_machine_get_bundle (machine), name, history, read_only,
                          opening->theirs, on_line_shown, opening);
  vmh_clear_fd (&opening->theirs);
  g_steal_pointer (&opening);
}

/* ---- Screenshot ---- */

static void
on_picture_taken (GObject *source, GAsyncResult *result, gpointer data)
{
  VmhMachine *machine = VMH_MACHINE (source);
  VmhCall *call = data;
  GError *error = NULL;
  VMH_AUTOFD fd = vmh_picture_take_finish (machine, result, &error);

  if (fd < 0)
    {
      vmh_life_fail (call, error);
      return;
    }
  /* So that there is one of a guest that ends without our doing, or with the computer. */
  vmh_picture_keep (machine, fd, KEEP_SECONDS);
  vmh_call_return_fd (call, g_variant_new ("(h)", 0), vmh_steal_fd (&fd));
}

void
vmh_verb_screenshot (VmhCall *call)
{
  static const char *const allowed[] = { NULL };
  VmhMachine *machine = vmh_call_get_object (call);
  g_autoptr (GVariant) options = NULL;
  GError *error = NULL;
  int fd;

  g_variant_get (vmh_call_get_parameters (call), "(@a{sv})", &options);
  if (!vmh_call_check_options (options, allowed, &error) ||
      !vmh_machine_require (machine, UP | DOWN, &error))
    vmh_call_fail (call, error);
  else if ((1u << vmh_machine_get_state (machine) & UP) != 0)
    vmh_picture_take_async (machine, on_picture_taken, call);
  else if ((fd = vmh_picture_open_kept (machine, &error)) >= 0)
    vmh_call_return_fd (call, g_variant_new ("(h)", 0), fd);
  else
    vmh_call_fail (call, error);
}
