/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The window against a helper of the test's own: what is shown when, which action is allowed in
 * which state, how the list changes, and what happens when the helper goes away. */
#include "details/inn-add-dialog.h"
#include "dialogs/inn-host-dialog.h"
#include "inn-banner.h"
#include "inn-empty-page.h"
#include "inn-machine-view.h"
#include "inn-report.h"
#include "inn-verbs.h"
#include "inn-window.h"
#include "sidebar/inn-machine-row.h"
#include "sidebar/inn-sidebar.h"
#include "stage.h"

static void
on_call (FakeHelper *fake, GDBusMethodInvocation *invocation, gpointer data)
{
  const char *method = g_dbus_method_invocation_get_method_name (invocation);

  if (g_str_equal (method, "Shutdown"))
    g_dbus_method_invocation_return_value (invocation, NULL);
  else
    g_dbus_method_invocation_return_dbus_error (invocation, "org.innkeeper.Error.Unsupported",
                                                "Not in this test.");
}

static void
set_up (Stage *stage, gconstpointer data)
{
  stage_set_up_app (stage, GPOINTER_TO_UINT (data), on_call, NULL);
}

static void
tear_down (Stage *stage, gconstpointer data)
{
  stage_tear_down (stage);
}

static guint
count (GtkWidget *widget, GType type)
{
  guint n = G_TYPE_CHECK_INSTANCE_TYPE (widget, type);

  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    n += count (child, type);
  return n;
}

static InnSidebar *
sidebar_of (Stage *stage)
{
  return INN_SIDEBAR (find_widget (stage->window, INN_TYPE_SIDEBAR, NULL));
}

static gboolean
allowed (Stage *stage, const char *action)
{
  return g_action_group_get_action_enabled (G_ACTION_GROUP (stage->window), action);
}

static void
test_empty (Stage *stage, gconstpointer data)
{
  GtkWidget *page = find_shown (stage->window, INN_TYPE_EMPTY_PAGE, NULL);
  guint n;
  const InnVerbAction *verbs = inn_verb_actions (&n);

  g_assert_nonnull (page);
  g_assert_cmpstr (inn_empty_page_get_shown (INN_EMPTY_PAGE (page)), ==, "empty");
  g_assert_true (allowed (stage, "new"));
  g_assert_true (allowed (stage, "host"));
  for (guint i = 0; i < n; i++)
    g_assert_false (allowed (stage, verbs[i].action));
  take_picture (stage->window, "window-empty");
}

/* Each state, and every action that a person has in it. */
static void
test_states (Stage *stage, gconstpointer data)
{
  static const struct
  {
    const char *state;
    const char *actions[7]; /* ended by NULL */
  } table[] = {
    { "off", { "start", "export", "delete" } },
    { "starting", { "force-off", "export" } },
    { "running", { "pause", "shut-down", "reset", "force-off", "usb", "export" } },
    { "paused", { "resume", "reset", "force-off", "usb", "export" } },
    { "stopping", { "force-off", "export" } },
    { "crashed", { "start", "export", "delete" } },
    { "broken", { "delete" } },
  };
  guint n;
  const InnVerbAction *verbs = inn_verb_actions (&n);
  InnMachine *machine = inn_sidebar_get_machine (sidebar_of (stage));

  g_assert_nonnull (machine); /* the first is chosen */
  for (guint s = 0; s < G_N_ELEMENTS (table); s++)
    {
      stage_set_state (stage, (InnState)s);
      for (guint i = 0; i < n; i++)
        {
          gboolean wanted = g_strv_contains (table[s].actions, verbs[i].action);

          g_test_message ("%s: %s", table[s].state, verbs[i].action);
          g_assert_cmpint (allowed (stage, verbs[i].action), ==, wanted);
        }
    }
}

static void
test_many (Stage *stage, gconstpointer data)
{
  GtkWidget *window = stage->window;
  GtkWidget *entry = find_widget (GTK_WIDGET (sidebar_of (stage)), GTK_TYPE_SEARCH_ENTRY, NULL);
  GtkWidget *list = find_widget (GTK_WIDGET (sidebar_of (stage)), GTK_TYPE_LIST_VIEW, NULL);
  GListModel *model = G_LIST_MODEL (gtk_list_view_get_model (GTK_LIST_VIEW (list)));
  InnMachine *shown = inn_sidebar_get_machine (sidebar_of (stage));
  InnMachineView *view = INN_MACHINE_VIEW (find_widget (window, INN_TYPE_MACHINE_VIEW, NULL));

  g_assert_cmpuint (g_list_model_get_n_items (model), ==, 1000);
  take_picture (window, "window-many");
  g_assert_cmpuint (count (list, INN_TYPE_MACHINE_ROW), <, 300);
  g_assert_cmpuint (count (list, INN_TYPE_MACHINE_ROW), >, 5);

  g_assert_nonnull (shown);
  g_assert_cmpstr (inn_machine_get_name (shown), ==, "machine 0");
  gtk_widget_activate_action (window, "win.search", NULL);
  gtk_editable_set_text (GTK_EDITABLE (entry), "MACHINE 77");
  wait_until (g_list_model_get_n_items (model) == 11); /* 77, 770 to 779 */
  g_assert_true (inn_machine_view_get_machine (view) == shown);
  gtk_editable_set_text (GTK_EDITABLE (entry), "none of that name");
  wait_until (g_list_model_get_n_items (model) == 0);
  g_assert_null (inn_sidebar_get_machine (sidebar_of (stage)));
  gtk_editable_set_text (GTK_EDITABLE (entry), "");
  wait_until (g_list_model_get_n_items (model) == 1000);
  g_assert_true (inn_sidebar_get_machine (sidebar_of (stage)) == shown); /* marked again */
}

/* Of much that is found the beginning is shown, and as much more as is scrolled to. */
static void
test_much_found (Stage *stage, gconstpointer data)
{
  GtkWidget *entry = find_widget (GTK_WIDGET (sidebar_of (stage)), GTK_TYPE_SEARCH_ENTRY, NULL);
  GtkWidget *list = find_widget (GTK_WIDGET (sidebar_of (stage)), GTK_TYPE_LIST_VIEW, NULL);
  GListModel *model = G_LIST_MODEL (gtk_list_view_get_model (GTK_LIST_VIEW (list)));
  GtkAdjustment *adjustment = gtk_scrollable_get_vadjustment (GTK_SCROLLABLE (list));
  InnMachine *far = inn_connection_lookup_machine (stage->connection, INN_MACHINES_PATH "/m999");
  guint few;

  gtk_widget_activate_action (stage->window, "win.search", NULL);
  gtk_editable_set_text (GTK_EDITABLE (entry), "machine");
  wait_until (g_list_model_get_n_items (model) < 100);
  /* Some rows at once, and all that the window has room for in the next frames. */
  wait_until (g_list_model_get_n_items (model) * 40 > gtk_adjustment_get_page_size (adjustment));
  iterate ();
  few = g_list_model_get_n_items (model);
  g_assert_cmpuint (few, <, 100);
  g_assert_cmpuint (count (list, INN_TYPE_MACHINE_ROW), <=, few);
  for (guint times = 0; times < 3; times++)
    {
      few = g_list_model_get_n_items (model);
      gtk_adjustment_set_value (adjustment, gtk_adjustment_get_upper (adjustment));
      wait_until (g_list_model_get_n_items (model) > few);
    }
  g_assert_cmpuint (g_list_model_get_n_items (model), <, 1000);
  gtk_editable_set_text (GTK_EDITABLE (entry), "machine 7");
  wait_until (gtk_adjustment_get_value (adjustment) == 0); /* the best is at the top */
  gtk_editable_set_text (GTK_EDITABLE (entry), "");
  wait_until (g_list_model_get_n_items (model) == 1000);
  wait_until (gtk_adjustment_get_value (adjustment) == 0);
  take_picture (stage->window, "window-search-emptied");
  gtk_editable_set_text (GTK_EDITABLE (entry), "machine");
  wait_until (g_list_model_get_n_items (model) < 100);
  inn_window_show_machine (INN_WINDOW (stage->window), far); /* found, but not shown yet */
  g_assert_true (inn_sidebar_get_machine (sidebar_of (stage)) == far);
  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (entry)), ==, "machine");
}

static gboolean
is_last (GListModel *model, const char *name)
{
  g_autoptr (InnMachine) last = g_list_model_get_item (model, g_list_model_get_n_items (model) - 1);

  return g_str_equal (inn_machine_get_name (last), name);
}

/* A machine that is renamed stands where its new name belongs; one that goes is not shown. */
static void
test_changes (Stage *stage, gconstpointer data)
{
  GtkWidget *window = stage->window;
  GtkWidget *list = find_widget (GTK_WIDGET (sidebar_of (stage)), GTK_TYPE_LIST_VIEW, NULL);
  GListModel *model = G_LIST_MODEL (gtk_list_view_get_model (GTK_LIST_VIEW (list)));
  InnMachineView *view = INN_MACHINE_VIEW (find_widget (window, INN_TYPE_MACHINE_VIEW, NULL));
  g_autoptr (InnMachine) last = NULL;

  g_assert_cmpuint (g_list_model_get_n_items (model), ==, 3);
  fake_helper_change (stage->fake, MACHINE0, INN_IFACE_MACHINE, "Name",
                      g_variant_new_string ("zebra"));
  wait_until (is_last (model, "zebra"));
  last = g_list_model_get_item (model, 2);
  inn_window_show_machine (INN_WINDOW (stage->window), last);
  g_assert_true (inn_machine_view_get_machine (view) == last);
  fake_helper_remove (stage->fake, MACHINE0, INN_IFACE_MACHINE);
  wait_until (g_list_model_get_n_items (model) == 2);
  g_assert_true (inn_machine_view_get_machine (view) != last);
}

/* One that is made while a search is on is shown all the same. */
static void
test_hidden (Stage *stage, gconstpointer data)
{
  GtkWidget *window = stage->window;
  GtkWidget *entry = find_widget (GTK_WIDGET (sidebar_of (stage)), GTK_TYPE_SEARCH_ENTRY, NULL);
  GtkWidget *list = find_widget (GTK_WIDGET (sidebar_of (stage)), GTK_TYPE_LIST_VIEW, NULL);
  GListModel *model = G_LIST_MODEL (gtk_list_view_get_model (GTK_LIST_VIEW (list)));
  InnMachineView *view = INN_MACHINE_VIEW (find_widget (window, INN_TYPE_MACHINE_VIEW, NULL));
  InnMachine *machine = inn_connection_lookup_machine (stage->connection, INN_MACHINES_PATH "/m2");

  gtk_widget_activate_action (window, "win.search", NULL);
  gtk_editable_set_text (GTK_EDITABLE (entry), "machine 1");
  wait_until (g_list_model_get_n_items (model) == 1);
  inn_window_show_machine (INN_WINDOW (stage->window), machine);
  g_assert_true (inn_machine_view_get_machine (view) == machine);
  iterate ();
  g_assert_cmpuint (g_list_model_get_n_items (model), ==, 3);
  g_assert_true (inn_sidebar_get_machine (sidebar_of (stage)) == machine);
}

static void
test_helper_gone (Stage *stage, gconstpointer data)
{
  GtkWidget *window = stage->window;
  InnBanner *banner =
      INN_BANNER (gtk_widget_get_template_child (window, INN_TYPE_WINDOW, "banner"));
  GListModel *machines = inn_connection_get_machines (stage->connection);

  g_assert_null (inn_banner_get_text (banner));
  g_clear_pointer (&stage->fake, fake_helper_free);
  wait_until (inn_banner_get_text (banner) != NULL);
  g_assert_cmpuint (g_list_model_get_n_items (machines), ==, 3);
  g_assert_false (allowed (stage, "new"));
  g_assert_nonnull (strstr (inn_banner_get_text (banner), "connects again by itself"));
  take_picture (window, "window-helper-gone");

  /* One that it does not take does not come back by itself. */
  stage->fake = fake_helper_new (INN_PROTOCOL - 1, 3, on_call, stage);
  wait_until (strstr (inn_banner_get_text (banner), "too old") != NULL);
  g_assert_null (strstr (inn_banner_get_text (banner), "by itself"));
  g_clear_pointer (&stage->fake, fake_helper_free);
  wait_until (strstr (inn_banner_get_text (banner), "too old") == NULL);

  stage->fake = fake_helper_new (INN_PROTOCOL, 3, on_call, stage);
  wait_until (inn_banner_get_text (banner) == NULL);
  g_assert_true (allowed (stage, "new"));
}

static gboolean
on_time (gpointer over)
{
  *(gboolean *)over = TRUE;
  return G_SOURCE_REMOVE;
}

/* Shut Down is told, for nothing is to be seen yet; and told again of a system that does not obey.
 */
static void
test_shut_down (Stage *stage, gconstpointer data)
{
  GtkWidget *window = stage->window;

  stage_set_state (stage, INN_STATE_RUNNING);
  inn_verb_set_patience (200);
  gtk_widget_activate_action (window, "win.shut-down", NULL);
  wait_until (find_widget (window, GTK_TYPE_LABEL, "“machine 0” was asked to shut down.") != NULL);
  inn_verb_set_patience (60000);
  wait_until (find_widget (window, GTK_TYPE_LABEL,
                           "“machine 0” still runs. Look at its screen, or use Force "
                           "Off.") != NULL);
}

/* One that was started again meanwhile has obeyed. */
static void
test_shut_down_again (Stage *stage, gconstpointer data)
{
  const char *text = "“machine 0” still runs. Look at its screen, or use Force Off.";
  const char *asked = "“machine 0” was asked to shut down.";
  gboolean over = FALSE;

  stage_set_state (stage, INN_STATE_RUNNING);
  inn_verb_set_patience (400);
  gtk_widget_activate_action (stage->window, "win.shut-down", NULL);
  wait_until (find_widget (stage->window, GTK_TYPE_LABEL, asked) != NULL);
  inn_verb_set_patience (60000);
  stage_set_state (stage, INN_STATE_OFF);
  stage_set_state (stage, INN_STATE_RUNNING);
  /* One toast at a time: the next would come after it. */
  wait_until (find_widget (stage->window, GTK_TYPE_LABEL, asked) == NULL);
  g_timeout_add (500, on_time, &over);
  wait_until (over);
  g_assert_null (find_widget (stage->window, GTK_TYPE_LABEL, text));
}

/* What cannot be added says why, also to who has no mouse or sees nothing. */
static void
check_add_dialog (GtkWidget *dialog)
{
  GtkListBox *list = GTK_LIST_BOX (find_widget (dialog, GTK_TYPE_LIST_BOX, NULL));
  GtkListBoxRow *row;
  guint n_possible = 0, n_impossible = 0;

  for (int i = 0; (row = gtk_list_box_get_row_at_index (list, i)) != NULL; i++)
    {
      const gboolean possible = gtk_list_box_row_get_activatable (row);

      *(possible ? &n_possible : &n_impossible) += 1;
      g_assert_true (gtk_widget_grab_focus (GTK_WIDGET (row)));
      gtk_test_accessible_assert_state (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_STATE_DISABLED,
                                        !possible);
    }
  g_assert_cmpuint (n_possible, >, 15);
  g_assert_cmpuint (n_impossible, >, 0);
}

/* What belongs to no machine opens without complaint. */
static void
test_dialogs (Stage *stage, gconstpointer data)
{
  GtkWindow *window = GTK_WINDOW (stage->window);
  GtkWidget *dialogs[] = { inn_add_dialog_new (window, NULL),
                           inn_host_dialog_new (window, stage->connection) };
  static const char *const names[] = { "dialog-add", "dialog-host" };

  for (guint i = 0; i < G_N_ELEMENTS (dialogs); i++)
    {
      gtk_window_present (GTK_WINDOW (dialogs[i]));
      take_picture (dialogs[i], names[i]);
      if (i == 0)
        check_add_dialog (dialogs[i]);
      gtk_window_destroy (GTK_WINDOW (dialogs[i]));
    }
  gtk_widget_activate_action (GTK_WIDGET (window), "win.show-help-overlay", NULL);
  g_action_group_activate_action (G_ACTION_GROUP (stage_get_app ()), "about", NULL);
  iterate ();
  g_assert_nonnull (
      gtk_application_window_get_help_overlay (GTK_APPLICATION_WINDOW (stage->window)));
}

/* A toast's title is markup, and what it tells is not. */
static void
test_toast (Stage *stage, gconstpointer data)
{
  const char *text = "“R&D <b>” is off.";
  g_autoptr (GError) error = g_error_new_literal (INN_ERROR, INN_ERROR_BAD_STATE, text);

  inn_report_error (stage->window, "It cannot be paused", error);
  wait_until (find_widget (stage->window, GTK_TYPE_LABEL, text) != NULL);
}

static void
test_report (void)
{
  for (guint code = 0; code < INN_N_ERRORS; code++)
    {
      g_autoptr (GError) error = g_error_new_literal (INN_ERROR, (int)code, "Short.");
      gboolean silent = code == INN_ERROR_DISMISSED || code == INN_ERROR_CANCELLED;

      g_assert_cmpint (inn_report_level (error) == INN_REPORT_SILENT, ==, silent);
    }
  {
    g_autofree char *text = g_strnfill (200, 'x');
    g_autoptr (GError) lengthy = g_error_new_literal (INN_ERROR, INN_ERROR_TIMEOUT, text);
    g_autoptr (GError) brief = g_error_new_literal (INN_ERROR, INN_ERROR_TIMEOUT, "x");
    g_autoptr (GError) unknown = g_error_new_literal (G_FILE_ERROR, G_FILE_ERROR_IO, "x");

    g_assert_cmpint (inn_report_level (lengthy), ==, INN_REPORT_DIALOG);
    g_assert_cmpint (inn_report_level (brief), ==, INN_REPORT_TOAST);
    g_assert_cmpint (inn_report_level (unknown), ==, INN_REPORT_DIALOG);
  }
}

static GtkIconPaintable *
look_up (GtkWidget *widget, const char *name, int size)
{
  g_autoptr (GIcon) icon = g_themed_icon_new (name);

  return gtk_icon_theme_lookup_by_gicon (
      gtk_icon_theme_get_for_display (gtk_widget_get_display (widget)), icon, size,
      gtk_widget_get_scale_factor (widget), gtk_widget_get_direction (widget),
      GTK_ICON_LOOKUP_PRELOAD);
}

/* GTK lets an icon go when a hundred others were looked up since; ours stays. */
static void
test_held_icons (Stage *stage, gconstpointer data)
{
  static const char name[] = "weather-fog-symbolic"; /* nothing of ours has it */
  g_autoptr (GtkWidget) window = g_object_ref_sink (gtk_window_new ());
  GtkWidget *image = gtk_image_new_from_icon_name (name);
  GtkIconPaintable *icon;

  gtk_window_set_child (GTK_WINDOW (window), image);
  gtk_window_present (GTK_WINDOW (window));
  wait_until (gtk_widget_get_mapped (image));
  icon = look_up (image, name, 16);
  g_object_add_weak_pointer (G_OBJECT (icon), (gpointer *)&icon);
  g_object_unref (icon);
  for (int size = 17; size <= 128; size++)
    g_object_unref (look_up (image, "go-next-symbolic", size));
  gtk_window_destroy (GTK_WINDOW (window));
  iterate ();
  g_assert_nonnull (icon);
  g_object_remove_weak_pointer (G_OBJECT (icon), (gpointer *)&icon);
}

/* How often the file types are in memory. */
static guint
count_mime_caches (void)
{
  g_autofree char *maps = NULL;
  g_auto (GStrv) lines = NULL;
  guint n = 0;

  g_assert_true (g_file_get_contents ("/proc/self/maps", &maps, NULL, NULL));
  lines = g_strsplit (maps, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    n += g_str_has_suffix (*line, "/mime.cache");
  return n;
}

/* GLib drops the types that it has in use when the folders get other names in between. */
static void
test_mime_dirs (Stage *stage, gconstpointer data)
{
  g_autofree char *type = g_content_type_guess ("disc.iso", NULL, 0, NULL);
  g_autofree char *description = NULL;
  g_autofree char *again = NULL;
  guint before = count_mime_caches ();

  g_assert_cmpuint (before, >, 0);
  description = g_content_type_get_description (type);
  again = g_content_type_guess ("disc.iso", NULL, 0, NULL);
  g_assert_cmpstr (type, ==, again);
  g_assert_cmpuint (count_mime_caches (), ==, before);
}

int
main (int argc, char **argv)
{
#define ADD(path, n_machines, function)                                                            \
  g_test_add ("/window/" path, Stage, GUINT_TO_POINTER (n_machines), set_up, function, tear_down)

  stage_init (&argc, &argv);
  ADD ("empty", 0, test_empty);
  ADD ("actions-by-state", 1, test_states);
  ADD ("many", 1000, test_many);
  ADD ("changes", 3, test_changes);
  ADD ("hidden-by-search", 3, test_hidden);
  ADD ("much-found", 1000, test_much_found);
  ADD ("helper-gone", 3, test_helper_gone);
  ADD ("shut-down", 1, test_shut_down);
  ADD ("shut-down-again", 1, test_shut_down_again);
  ADD ("toast", 0, test_toast);
  ADD ("dialogs", 1, test_dialogs);
  ADD ("held-icons", 0, test_held_icons);
  ADD ("mime-dirs", 0, test_mime_dirs);
  g_test_add_func ("/window/report", test_report);
  return stage_run ();
}
