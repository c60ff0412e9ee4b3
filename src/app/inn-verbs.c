/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What a person can do with a machine. Knows neither the window nor the sidebar. */
#include "inn-verbs.h"

#include "client/inn-guest.h"
#include "dialogs/inn-delete-dialog.h"
#include "dialogs/inn-export.h"
#include "dialogs/inn-usb-dialog.h"
#include "inn-report.h"

#include <glib/gi18n.h>

/* A system that has not ended by then is likely not to end at all. */
static guint shutdown_patience_ms = 60000;
/* One that has not begun to end in this part of it may not heed its power button. */
#define AGENT_PART 12

static const InnVerbAction table[] = {
  { .verb = INN_VERB_START,
    .action = "start",
    .label = N_ ("_Start"),
    .icon = "media-playback-start-symbolic",
    .accel = "<Primary>Return",
    .failed = N_ ("“%s” could not be started"),
    .button = TRUE,
    .section = 0 },
  { .verb = INN_VERB_RESUME,
    .action = "resume",
    .label = N_ ("Re_sume"),
    .icon = "media-playback-start-symbolic",
    .failed = N_ ("“%s” could not be resumed"),
    .button = TRUE,
    .section = 0 },
  { .verb = INN_VERB_PAUSE,
    .action = "pause",
    .label = N_ ("_Pause"),
    .icon = "media-playback-pause-symbolic",
    .failed = N_ ("“%s” could not be paused"),
    .button = TRUE,
    .section = 0 },
  { .verb = INN_VERB_SHUTDOWN,
    .action = "shut-down",
    .label = N_ ("Shut _Down"),
    .icon = "system-shutdown-symbolic",
    .failed = N_ ("“%s” could not be shut down"),
    .done = N_ ("“%s” was asked to shut down."),
    .button = TRUE,
    .section = 1 },
  { .verb = INN_VERB_RESET,
    .action = "reset",
    .label = N_ ("_Reset…"),
    .icon = "system-reboot-symbolic",
    .failed = N_ ("“%s” could not be reset"),
    .section = 1,
    .question = N_ ("Reset “%s”?"),
    .detail =
        N_ ("It starts again at once, as with a computer’s reset button. What its system has not "
            "saved is lost.") },
  { .verb = INN_VERB_FORCE_OFF,
    .action = "force-off",
    .label = N_ ("_Force Off…"),
    .icon = "process-stop-symbolic",
    .failed = N_ ("“%s” could not be switched off"),
    .section = 1,
    .question = N_ ("Force “%s” off?"),
    .detail =
        N_ ("This is like pulling the plug: what its system has not saved is lost. Shut Down asks "
            "the system to end properly.") },
  { .verb = INN_VERB_USB,
    .action = "usb",
    .label = N_ ("_USB Devices…"),
    .icon = "media-removable-symbolic",
    .failed = N_ ("A USB device could not be handed on to “%s”"),
    .section = 2 },
  { .verb = INN_VERB_EXPORT,
    .action = "export",
    .label = N_ ("E_xport…"),
    .icon = "document-save-symbolic",
    .failed = N_ ("“%s” could not be exported"),
    .section = 2 },
  { .verb = INN_VERB_DELETE,
    .action = "delete",
    .label = N_ ("D_elete…"),
    .icon = "user-trash-symbolic",
    .failed = N_ ("“%s” could not be deleted"),
    .section = 2 },
};

typedef struct
{
  const InnVerbAction *action;
  InnMachine *machine;
  GWeakRef near;  /* GtkWidget */
  gulong leaving; /* handler of the machine's state, from Shut Down on */
  gboolean left;  /* it has not run all the time since */
} Run;

static void
run_free (Run *run)
{
  g_clear_signal_handler (&run->leaving, run->machine);
  g_object_unref (run->machine);
  g_weak_ref_clear (&run->near);
  g_free (run);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Run, run_free)

static Run *
run_new (const InnVerbAction *action, InnMachine *machine, GtkWidget *near)
{
  Run *run = g_new0 (Run, 1);

  run->action = action;
  run->machine = g_object_ref (machine);
  g_weak_ref_init (&run->near, near);
  return run;
}

/* The formats are the table's own; -Wformat-nonliteral cannot see that. */
static char *
with_name (const char *format, InnMachine *machine)
{
  g_auto (GStrv) parts = g_strsplit (_ (format), "%s", 2);

  return g_strjoinv (inn_machine_get_name (machine), parts);
}

/* It may be started again while there is patience left. */
static void
on_state_after_shutdown (Run *run)
{
  run->left = run->left || inn_machine_get_state (run->machine) != INN_STATE_RUNNING;
}

static void
follow (Run *run)
{
  run->leaving = g_signal_connect_swapped (run->machine, "notify::state",
                                           G_CALLBACK (on_state_after_shutdown), run);
}

static gboolean
still_runs (const Run *run)
{
  return !run->left && inn_machine_get_state (run->machine) == INN_STATE_RUNNING;
}

/* Its system may not listen, or wait for an answer on its screen: say so, and what helps. */
static gboolean
on_shutdown_due (gpointer data)
{
  Run *run = data;
  g_autoptr (GtkWidget) near = g_weak_ref_get (&run->near);

  if (near != NULL && still_runs (run))
    {
      g_autofree char *text =
          with_name (N_ ("“%s” still runs. Look at its screen, or use Force Off."), run->machine);

      inn_report_note (near, text);
    }
  return G_SOURCE_REMOVE;
}

/* Whether an agent is there shows in whether it ends. */
static gboolean
on_agent_due (gpointer data)
{
  Run *run = data;

  if (still_runs (run))
    inn_guest_power_off_async (inn_machine_get_guest (run->machine), NULL, NULL, NULL);
  return G_SOURCE_REMOVE;
}

static void
wait_for_end (Run *run)
{
  Run *first = run_new (run->action, run->machine, NULL);

  follow (run);
  follow (first);
  g_timeout_add_full (G_PRIORITY_DEFAULT, shutdown_patience_ms / AGENT_PART, on_agent_due, first,
                      (GDestroyNotify)run_free);
  g_timeout_add_full (G_PRIORITY_DEFAULT, shutdown_patience_ms, on_shutdown_due, run,
                      (GDestroyNotify)run_free);
}

static void
tell_done (Run *run)
{
  g_autoptr (GtkWidget) near = g_weak_ref_get (&run->near);
  g_autofree char *text = NULL;

  if (near == NULL || run->action->done == NULL)
    return;
  text = with_name (run->action->done, run->machine);
  inn_report_note (near, text);
}

static void
on_verb_done (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Run) run = data;
  g_autoptr (GtkWidget) near = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *heading = NULL;

  if (inn_machine_do_finish (INN_MACHINE (source), result, &error))
    {
      tell_done (run);
      if (run->action->verb == INN_VERB_SHUTDOWN)
        wait_for_end (g_steal_pointer (&run));
      return;
    }
  near = g_weak_ref_get (&run->near);
  if (near == NULL)
    return;
  heading = with_name (run->action->failed, run->machine);
  inn_report_error (near, heading, error);
}

static void
run_now (Run *run)
{
  inn_machine_do_async (run->machine, run->action->verb, NULL, on_verb_done, run);
}

static void
on_question_response (Run *run, const char *response, AdwMessageDialog *dialog)
{
  if (g_str_equal (response, "yes"))
    run_now (run);
  else
    run_free (run);
}

static void
ask (Run *run, GtkWidget *near)
{
  GtkRoot *root = gtk_widget_get_root (near);
  g_autofree char *question = with_name (run->action->question, run->machine);
  g_autofree char *label = g_strdup (_ (run->action->label));
  GtkWidget *dialog = adw_message_dialog_new (GTK_WINDOW (root), question, _ (run->action->detail));

  if (g_str_has_suffix (label, "…"))
    label[strlen (label) - strlen ("…")] = '\0';
  adw_message_dialog_add_responses (ADW_MESSAGE_DIALOG (dialog), "cancel", _ ("_Cancel"), "yes",
                                    label, NULL);
  adw_message_dialog_set_response_appearance (ADW_MESSAGE_DIALOG (dialog), "yes",
                                              ADW_RESPONSE_DESTRUCTIVE);
  adw_message_dialog_set_default_response (ADW_MESSAGE_DIALOG (dialog), "cancel");
  adw_message_dialog_set_close_response (ADW_MESSAGE_DIALOG (dialog), "cancel");
  g_signal_connect_swapped (dialog, "response", G_CALLBACK (on_question_response), run);
  gtk_window_present (GTK_WINDOW (dialog));
}

const InnVerbAction *
inn_verb_actions (guint *out_n)
{
  *out_n = G_N_ELEMENTS (table);
  return table;
}

GMenuModel *
inn_verb_menu_new (void)
{
  GMenu *menu = g_menu_new ();
  guint i = 0;

  while (i < G_N_ELEMENTS (table))
    {
      g_autoptr (GMenu) section = g_menu_new ();
      guint number = table[i].section;

      for (; i < G_N_ELEMENTS (table) && table[i].section == number; i++)
        {
          g_autofree char *action = g_strconcat ("win.", table[i].action, NULL);
          g_autoptr (GMenuItem) item = g_menu_item_new (_ (table[i].label), action);

          g_menu_item_set_attribute (item, "hidden-when", "s", "action-disabled");
          g_menu_append_item (section, item);
        }
      g_menu_append_section (menu, NULL, G_MENU_MODEL (section));
    }
  return G_MENU_MODEL (menu);
}

void
inn_verb_add_buttons (GtkBox *box)
{
  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autofree char *action = g_strconcat ("win.", table[i].action, NULL);
      g_auto (GStrv) parts = g_strsplit (_ (table[i].label), "_", -1);
      g_autofree char *name = g_strjoinv ("", parts);
      GtkWidget *button;

      if (!table[i].button)
        continue;
      button = gtk_button_new_from_icon_name (table[i].icon);
      gtk_widget_set_tooltip_text (button, name);
      gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, name,
                                      -1);
      gtk_actionable_set_action_name (GTK_ACTIONABLE (button), action);
      g_object_bind_property (button, "sensitive", button, "visible", G_BINDING_SYNC_CREATE);
      gtk_box_append (box, button);
    }
}

void
inn_verb_run (const InnVerbAction *action, InnMachine *machine, GtkWidget *near)
{
  Run *run;

  if (!inn_machine_can (machine, action->verb))
    return;
  if (action->verb == INN_VERB_DELETE)
    {
      inn_delete_dialog_open (near, machine);
      return;
    }
  if (action->verb == INN_VERB_EXPORT)
    {
      inn_export_open (near, machine);
      return;
    }
  if (action->verb == INN_VERB_USB)
    {
      inn_usb_dialog_open (near, machine);
      return;
    }
  run = run_new (action, machine, near);
  if (action->question != NULL)
    ask (run, near);
  else
    run_now (run);
}

void
inn_verb_set_patience (guint ms)
{
  shutdown_patience_ms = ms;
}
