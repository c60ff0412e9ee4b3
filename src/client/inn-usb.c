/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "inn-usb.h"

#include "inn-program.h"
#include "shared/inn-errors.h"
#include "usb/inn-usb-end.h"

#include <glib/gi18n-lib.h>
#include <unistd.h>

#define PROGRAM "innkeeper-usb"
#define SOCKET  3 /* in the program */

struct _InnUsb
{
  GObject parent_instance;
  InnMachine *machine; /* unowned: it owns us */
  GHashTable *handed;  /* guint → GSubprocess; its standard input is what it lives by */
};

G_DEFINE_FINAL_TYPE (InnUsb, inn_usb, G_TYPE_OBJECT)

static guint changed_signal;

guint
inn_usb_key (guint bus, guint device)
{
  return bus << 8 | device;
}

gboolean
inn_usb_has (InnUsb *self, guint key)
{
  return g_hash_table_contains (self->handed, GUINT_TO_POINTER (key));
}

char *
inn_usb_dup_problem (guint bus, guint device)
{
  const char *root = g_getenv ("INN_USB_ROOT"); /* of tests */
  g_autofree char *node =
      g_strdup_printf ("%s/dev/bus/usb/%03u/%03u", root != NULL ? root : "", bus, device);
  g_autofree char *program = inn_program_dup ("usb", PROGRAM);

  if (!g_file_test (program, G_FILE_TEST_IS_EXECUTABLE))
    return g_strdup (_ ("This Innkeeper was built without what hands on devices (usbredir)."));
  if (access (node, R_OK | W_OK) != 0)
    return g_strdup (_ ("You may not open it. An administrator can: add it to the machine’s "
                        "hardware, in its details."));
  return NULL;
}

static const char *
get_sentence (int status)
{
  switch ((InnUsbEnd)status)
    {
    case INN_USB_DONE:
      return NULL;
    case INN_USB_GONE:
      return _ ("The device has been pulled out.");
    case INN_USB_DENIED:
      return _ ("You may not open this device. An administrator can: add it to the machine’s "
                "hardware, in its details.");
    case INN_USB_BUSY:
      return _ ("The device is in use here. End what uses it, and try again.");
    case INN_USB_REJECTED:
      return _ ("The machine does not take this device.");
    case INN_USB_FAILED:
    default:
      return _ ("The device was lost. Pull it out, plug it in again, and try once more.");
    }
}

/* ---- its program ---- */

typedef struct
{
  GWeakRef usb;
  guint key;
} Watch;

static void
on_ended (GObject *source, GAsyncResult *result, gpointer data)
{
  GSubprocess *process = G_SUBPROCESS (source);
  Watch *watch = data;
  g_autoptr (InnUsb) self = g_weak_ref_get (&watch->usb);
  const int status =
      g_subprocess_wait_finish (process, result, NULL) && g_subprocess_get_if_exited (process)
          ? g_subprocess_get_exit_status (process)
          : INN_USB_FAILED;
  gpointer key = GUINT_TO_POINTER (watch->key);

  /* Not one that was taken back, or handed on anew since. */
  if (self != NULL && g_hash_table_lookup (self->handed, key) == process)
    {
      g_hash_table_remove (self->handed, key);
      g_signal_emit (self, changed_signal, 0, watch->key, get_sentence (status));
    }
  g_weak_ref_clear (&watch->usb);
  g_free (watch);
}

static gboolean
start_program (InnUsb *self, guint bus, guint device, int socket, GError **error)
{
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDIN_PIPE);
  g_autofree char *program = inn_program_dup ("usb", PROGRAM);
  g_autofree char *bus_text = g_strdup_printf ("%u", bus);
  g_autofree char *device_text = g_strdup_printf ("%u", device);
  g_autoptr (GSubprocess) process = NULL;
  Watch *watch;

  g_subprocess_launcher_take_fd (launcher, socket, SOCKET);
  process =
      g_subprocess_launcher_spawn (launcher, error, program, bus_text, device_text, (char *)NULL);
  if (process == NULL)
    return FALSE;
  watch = g_new0 (Watch, 1);
  g_weak_ref_init (&watch->usb, self);
  watch->key = inn_usb_key (bus, device);
  g_hash_table_replace (self->handed, GUINT_TO_POINTER (watch->key), g_object_ref (process));
  g_subprocess_wait_async (process, NULL, on_ended, watch);
  return TRUE;
}

/* ---- handing on ---- */

static void
on_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  InnUsb *self = g_task_get_source_object (task);
  const guint key = GPOINTER_TO_UINT (g_task_get_task_data (task));
  GError *error = NULL;
  int socket = inn_machine_open_finish (INN_MACHINE (source), result, &error);

  if (socket >= 0 && start_program (self, key >> 8, key & 0xff, socket, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
inn_usb_hand_on_async (InnUsb *self,
                       guint bus,
                       guint device,
                       GAsyncReadyCallback callback,
                       gpointer data)
{
  GTask *task = g_task_new (self, NULL, callback, data);
  const guint key = inn_usb_key (bus, device);
  char *problem = inn_usb_dup_problem (bus, device);

  g_task_set_source_tag (task, inn_usb_hand_on_async);
  g_task_set_task_data (task, GUINT_TO_POINTER (key), NULL);
  if (problem == NULL)
    inn_machine_open_usb_async (self->machine, NULL, on_opened, task);
  else
    {
      g_task_return_new_error (task, INN_ERROR, INN_ERROR_DENIED, "%s", problem);
      g_object_unref (task);
    }
  g_free (problem);
}

gboolean
inn_usb_hand_on_finish (InnUsb *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
inn_usb_take_back (InnUsb *self, guint key)
{
  if (g_hash_table_remove (self->handed, GUINT_TO_POINTER (key)))
    g_signal_emit (self, changed_signal, 0, key, NULL);
}

/* Its standard input ends: it gives the device back to this computer, and ends. */
static void
let_go (gpointer process)
{
  g_output_stream_close (g_subprocess_get_stdin_pipe (process), NULL, NULL);
  g_object_unref (process);
}

static void
inn_usb_finalize (GObject *object)
{
  g_hash_table_unref (INN_USB (object)->handed);
  G_OBJECT_CLASS (inn_usb_parent_class)->finalize (object);
}

static void
inn_usb_class_init (InnUsbClass *class)
{
  G_OBJECT_CLASS (class)->finalize = inn_usb_finalize;
  changed_signal = g_signal_new ("changed", INN_TYPE_USB, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                 G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_STRING);
}

static void
inn_usb_init (InnUsb *self)
{
  self->handed = g_hash_table_new_full (NULL, NULL, NULL, let_go);
}

InnUsb *
inn_usb_get (InnMachine *machine)
{
  InnUsb *self = g_object_get_data (G_OBJECT (machine), "inn-usb");

  if (self != NULL)
    return self;
  self = g_object_new (INN_TYPE_USB, NULL);
  self->machine = machine;
  g_object_set_data_full (G_OBJECT (machine), "inn-usb", self, g_object_unref);
  return self;
}
