/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The Details tab against a helper that does what the test says: what becomes of what was entered
 * while it answers late, refuses, goes away, or tells of somebody else's change. */
#include "details/inn-details-view.h"
#include "details/inn-element-page.h"
#include "details/inn-hardware-row.h"
#include "details/inn-hardware.h"
#include "stage.h"

#include <string.h>

#define DOMAIN                                                                                     \
  "<domain type='qemu'><name>machine</name><title>%s</title>"                                      \
  "<uuid>d36c3d1e-4e9f-4d0f-9a3c-6a1f5c9f2b11</uuid><memory unit='MiB'>64</memory><vcpu>1</vcpu>"  \
  "<os><type arch='x86_64' machine='q35'>hvm</type></os><devices><sound model='ich9'/>"            \
  "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/x'/>"          \
  "<target dev='%s' bus='virtio'/></disk><channel type='unix'>"                                    \
  "<target type='virtio' name='a.b'/></channel></devices></domain>"

typedef struct
{
  Stage stage;
  InnDetailsView *view;
  const char *title; /* of the machine, as its XML says */
  const char *disk;
  guint64 generation;
  gboolean is_refused;            /* GetXml */
  gboolean is_held;               /* GetXml is not answered yet */
  GDBusMethodInvocation *held;    /* the GetXml that waits */
  GDBusMethodInvocation *applied; /* the Apply that waits */
} Fixture;

static void
answer_xml (Fixture *fixture, GDBusMethodInvocation *invocation)
{
  g_autofree char *xml = g_strdup_printf (DOMAIN, fixture->title, fixture->disk);

  if (fixture->is_refused)
    g_dbus_method_invocation_return_dbus_error (invocation, "org.innkeeper.Error.Io",
                                                "The disk cannot be read.");
  else
    g_dbus_method_invocation_return_value (invocation,
                                           g_variant_new ("(st)", xml, fixture->generation));
}

static void
on_call (FakeHelper *fake, GDBusMethodInvocation *invocation, gpointer data)
{
  Fixture *fixture = data;
  const char *method = g_dbus_method_invocation_get_method_name (invocation);

  if (g_str_equal (method, "Apply"))
    fixture->applied = invocation;
  else if (!g_str_equal (method, "GetXml"))
    fake_helper_pass (invocation);
  else if (fixture->is_held)
    fixture->held = invocation;
  else
    answer_xml (fixture, invocation);
}

static GtkWidget *
child_of (Fixture *fixture, const char *name)
{
  return GTK_WIDGET (
      gtk_widget_get_template_child (GTK_WIDGET (fixture->view), INN_TYPE_DETAILS_VIEW, name));
}

static const char *
bar_text (Fixture *fixture)
{
  return gtk_label_get_label (GTK_LABEL (child_of (fixture, "bar_text")));
}

static gboolean
is_shown (Fixture *fixture, const char *page)
{
  return g_str_equal (gtk_stack_get_visible_child_name (GTK_STACK (child_of (fixture, "stack"))),
                      page);
}

static void
change (Fixture *fixture, const char *property, GVariant *value)
{
  stage_change (&fixture->stage, INN_IFACE_MACHINE, property, value);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->title = "first";
  fixture->disk = "vda";
  fixture->generation = 1;
  stage_set_up (&fixture->stage, 2, on_call, fixture);
  change (fixture, "Generation", g_variant_new_uint64 (1));
  wait_until (inn_machine_get_generation (fixture->stage.machine) == 1);
  fixture->view = INN_DETAILS_VIEW (inn_details_view_new ());
  inn_details_view_set_machine (fixture->view, fixture->stage.machine);
  stage_show (&fixture->stage, GTK_WIDGET (fixture->view), 900, 700);
  wait_until (is_shown (fixture, "details"));
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  stage_tear_down (&fixture->stage);
}

static InnFieldRow *
row_of (Fixture *fixture, const char *page, const char *field)
{
  GPtrArray *rows;

  g_assert_true (inn_details_view_show (fixture->view, page));
  rows = inn_element_page_get_rows (INN_ELEMENT_PAGE (inn_details_view_get_page (fixture->view)));
  for (guint i = 0; i < rows->len; i++)
    if (g_str_equal (inn_field_row_get_field (rows->pdata[i])->name, field))
      return rows->pdata[i];
  g_assert_not_reached ();
}

static GtkWidget *
editor_of (Fixture *fixture, const char *page, const char *field)
{
  return inn_field_row_get_editor (row_of (fixture, page, field));
}

static void
enter (Fixture *fixture, const char *field, const char *text)
{
  gtk_editable_set_text (GTK_EDITABLE (editor_of (fixture, "general", field)), text);
}

static gboolean
says (Fixture *fixture, const char *text)
{
  g_autofree char *xml = inn_draft_dup_xml (inn_details_view_get_draft (fixture->view));

  return strstr (xml, text) != NULL;
}

static void
apply (Fixture *fixture)
{
  fixture->applied = NULL;
  g_signal_emit_by_name (child_of (fixture, "apply_button"), "clicked");
  wait_until (fixture->applied != NULL);
}

/* What shows a device goes before the device does: each of them, with all pages open. */
static void
test_remove (Fixture *fixture, gconstpointer data)
{
  static const char *const ids[] = { "sound:0", "disk:vda", "channel:a.b" };

  inn_details_view_add (fixture->view, inn_schema_find ("disk")); /* has the row of a new image */
  for (guint i = 0; i <= G_N_ELEMENTS (ids); i++)
    {
      const char *id = i < G_N_ELEMENTS (ids) ? ids[i] : "disk:vdb";

      g_assert_true (inn_details_view_show (fixture->view, "general"));
      g_assert_true (inn_details_view_show (fixture->view, id));
      iterate ();
      g_signal_emit_by_name (
          gtk_widget_get_template_child (inn_details_view_get_page (fixture->view),
                                         INN_TYPE_ELEMENT_PAGE, "remove_button"),
          "clicked");
      iterate ();
      g_assert_false (inn_details_view_show (fixture->view, id));
    }
  g_assert_false (says (fixture, "<disk"));
  g_assert_true (inn_draft_can_apply (inn_details_view_get_draft (fixture->view)));
}

/* A page that is made anew shows what was refused on the old one: the bar says so. */
static void
test_wrong_stays (Fixture *fixture, gconstpointer data)
{
  InnFieldRow *row;

  enter (fixture, "name", "no/slash");
  g_assert_false (inn_draft_can_apply (inn_details_view_get_draft (fixture->view)));
  inn_details_view_add (fixture->view, inn_schema_find ("sound"));
  row = row_of (fixture, "general", "name");
  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (inn_field_row_get_editor (row))), ==,
                   "no/slash");
  g_assert_true (gtk_widget_has_css_class (inn_field_row_get_row (row), "error"));
  stage_set_state (&fixture->stage, INN_STATE_RUNNING);
  g_assert_true (gtk_widget_has_css_class (inn_field_row_get_row (row), "error"));
  enter (fixture, "name", "good");
  g_assert_true (inn_draft_can_apply (inn_details_view_get_draft (fixture->view)));
}

/* A password may be asked for meanwhile. And nobody else has changed anything. */
static void
test_apply (Fixture *fixture, gconstpointer data)
{
  guint n;

  enter (fixture, "title", "second");
  apply (fixture);
  g_assert_cmpstr (bar_text (fixture), ==, "Applying…");
  g_assert_false (gtk_widget_is_sensitive (editor_of (fixture, "general", "title")));
  g_assert_false (gtk_widget_is_sensitive (child_of (fixture, "discard_button")));

  fixture->title = "second";
  fixture->generation = 2;
  fixture->is_held = TRUE;
  fixture->held = NULL;
  change (fixture, "Generation", g_variant_new_uint64 (2));
  g_dbus_method_invocation_return_value (fixture->applied, g_variant_new_parsed ("(@a(sss) [],)"));
  wait_until (fixture->held != NULL);
  iterate ();
  g_assert_cmpstr (bar_text (fixture), ==, "Applying…");
  g_assert_false (gtk_widget_is_sensitive (editor_of (fixture, "general", "title")));

  fixture->is_held = FALSE;
  answer_xml (fixture, fixture->held);
  wait_until (!inn_draft_is_busy (inn_details_view_get_draft (fixture->view)));
  n = fake_helper_count_calls (fixture->stage.fake, "GetXml");
  iterate ();
  g_assert_true (gtk_widget_is_sensitive (editor_of (fixture, "general", "title")));
  g_assert_false (inn_draft_is_dirty (inn_details_view_get_draft (fixture->view)));
  g_assert_true (says (fixture, ">second<"));
  g_assert_cmpuint (fake_helper_count_calls (fixture->stage.fake, "GetXml"), ==, n);
}

/* Refused: all that was entered is still there, and can be changed. */
static void
test_refused (Fixture *fixture, gconstpointer data)
{
  enter (fixture, "title", "second");
  apply (fixture);
  g_dbus_method_invocation_return_dbus_error (fixture->applied, "org.innkeeper.Error.Dismissed",
                                              "The password was not given.");
  wait_until (!inn_draft_is_busy (inn_details_view_get_draft (fixture->view)));
  iterate ();
  g_assert_true (gtk_widget_is_sensitive (editor_of (fixture, "general", "title")));
  g_assert_true (says (fixture, ">second<"));
  g_assert_true (inn_draft_can_apply (inn_details_view_get_draft (fixture->view)));
}

/* Somebody else's change comes while a person types. */
static void
test_elsewhere (Fixture *fixture, gconstpointer data)
{
  InnDraft *draft = inn_details_view_get_draft (fixture->view);

  fixture->is_held = TRUE;
  fixture->title = "theirs";
  fixture->generation = 2;
  change (fixture, "Generation", g_variant_new_uint64 (2));
  wait_until (fixture->held != NULL);
  enter (fixture, "title", "mine");
  fixture->is_held = FALSE;
  answer_xml (fixture, fixture->held);
  wait_until (inn_draft_is_outdated (draft) && strstr (bar_text (fixture), "elsewhere") != NULL);
  iterate ();
  g_assert_true (says (fixture, ">mine<"));
  g_assert_false (gtk_widget_is_sensitive (child_of (fixture, "apply_button")));

  g_signal_emit_by_name (child_of (fixture, "discard_button"), "clicked");
  wait_until (says (fixture, ">theirs<"));
  g_assert_false (inn_draft_is_dirty (draft));
  g_assert_false (inn_draft_is_outdated (draft));
}

/* The XML is left for a page at the moment the machine goes. */
static void
test_text_left (Fixture *fixture, gconstpointer data)
{
  g_assert_true (inn_details_view_show (fixture->view, INN_HARDWARE_ROW_XML));
  inn_draft_set_text (inn_details_view_get_draft (fixture->view), "<domain>");
  g_assert_true (inn_details_view_show (fixture->view, "general"));
  inn_details_view_set_machine (fixture->view, NULL);
  iterate ();
  g_assert_null (inn_details_view_get_draft (fixture->view));
}

static void
test_helper_back (Fixture *fixture, gconstpointer data)
{
  fixture->is_refused = TRUE;
  inn_draft_load (inn_details_view_get_draft (fixture->view));
  wait_until (is_shown (fixture, "failed"));
  g_clear_pointer (&fixture->stage.fake, fake_helper_free);
  wait_until (inn_connection_get_state (fixture->stage.connection) != INN_CONNECTION_READY);
  g_assert_true (is_shown (fixture, "failed"));
  fixture->is_refused = FALSE;
  fixture->stage.fake = fake_helper_new (INN_PROTOCOL, 2, on_call, fixture);
  wait_until (is_shown (fixture, "details"));
}

/* What waits for the next restart is said while the machine runs, and only then. */
static void
test_waits (Fixture *fixture, gconstpointer data)
{
  InnFieldRow *row = row_of (fixture, "memory", "maximum");

  g_assert_cmpint (inn_kind_find (inn_schema_find ("memory"), "maximum")->flags & INN_FIELD_LIVE,
                   ==, 0);
  gtk_spin_button_set_value (GTK_SPIN_BUTTON (inn_field_row_get_editor (row)),
                             (double)((guint64)1 << 40));
  g_assert_true (inn_draft_is_dirty (inn_details_view_get_draft (fixture->view)));
  g_assert_null (strstr (bar_text (fixture), "restart"));
  for (guint i = 0; i < 2; i++)
    {
      const gboolean runs = i == 0;

      stage_set_state (&fixture->stage, runs ? INN_STATE_RUNNING : INN_STATE_OFF);
      g_assert_cmpint (strstr (bar_text (fixture), "restart") != NULL, ==, runs);
      g_assert_cmpint (strstr (inn_field_row_get_note_text (row), "restart") != NULL, ==, runs);
    }
}

/* Another machine is looked at when an Apply fails: it is told which. */
static void
test_refused_elsewhere (Fixture *fixture, gconstpointer data)
{
  InnMachine *other = inn_connection_lookup_machine (fixture->stage.connection, MACHINE1);

  enter (fixture, "title", "second");
  apply (fixture);
  inn_details_view_set_machine (fixture->view, other);
  wait_until (is_shown (fixture, "details"));
  g_dbus_method_invocation_return_dbus_error (fixture->applied, "org.innkeeper.Error.Io",
                                              "The disk is full.");
  wait_until (find_dialog () != NULL);
  g_assert_nonnull (strstr (adw_message_dialog_get_heading (find_dialog ()), "machine 0"));
  gtk_window_destroy (GTK_WINDOW (find_dialog ()));

  /* What was entered is there when one comes back to it. */
  inn_details_view_set_machine (fixture->view, fixture->stage.machine);
  wait_until (is_shown (fixture, "details"));
  g_assert_true (says (fixture, ">second<"));
}

/* Likewise while the tab is not seen: what is refused is said with the machine's name. */
static void
test_refused_unseen (Fixture *fixture, gconstpointer data)
{
  enter (fixture, "title", "second");
  apply (fixture);
  gtk_widget_set_visible (GTK_WIDGET (fixture->view), FALSE);
  inn_details_view_set_machine (
      fixture->view, inn_connection_lookup_machine (fixture->stage.connection, MACHINE1));
  g_dbus_method_invocation_return_dbus_error (
      fixture->applied, "org.innkeeper.Error.InvalidArgument", "That cannot be.");
  wait_until (find_dialog () != NULL);
  g_assert_nonnull (strstr (adw_message_dialog_get_heading (find_dialog ()), "machine 0"));
  gtk_window_destroy (GTK_WINDOW (find_dialog ()));
}

/* A new disk's image is made though the XML was edited since. */
static void
test_new_image (Fixture *fixture, gconstpointer data)
{
  InnDraft *draft = inn_details_view_get_draft (fixture->view);
  g_autofree char *xml = NULL;
  g_auto (GStrv) parts = NULL;
  g_autofree char *edited = NULL;
  g_autoptr (GVariant) options = NULL, orders = NULL;

  inn_details_view_add (fixture->view, inn_schema_find ("disk"));
  xml = inn_draft_dup_xml (draft);
  parts = g_strsplit (xml, ">first<", 2);
  edited = g_strjoinv (">third<", parts);
  g_assert_true (inn_details_view_show (fixture->view, INN_HARDWARE_ROW_XML));
  inn_draft_set_text (draft, edited);
  apply (fixture);
  options =
      g_variant_get_child_value (g_dbus_method_invocation_get_parameters (fixture->applied), 1);
  orders = g_variant_lookup_value (options, "storage", NULL);
  g_assert_nonnull (orders);
  g_assert_cmpuint (g_variant_n_children (orders), ==, 1);
  g_dbus_method_invocation_return_value (fixture->applied, g_variant_new_parsed ("(@a(sss) [],)"));
  wait_until (!inn_draft_is_busy (draft));
}

static GtkWidget *
find_row (Fixture *fixture, const char *field)
{
  GPtrArray *rows =
      inn_element_page_get_rows (INN_ELEMENT_PAGE (inn_details_view_get_page (fixture->view)));

  for (guint i = 0; i < rows->len; i++)
    if (g_str_equal (inn_field_row_get_field (rows->pdata[i])->name, field))
      return inn_field_row_get_editor (rows->pdata[i]);
  return NULL;
}

static gboolean
row_is_shown (Fixture *fixture, const char *field)
{
  GPtrArray *rows =
      inn_element_page_get_rows (INN_ELEMENT_PAGE (inn_details_view_get_page (fixture->view)));

  for (guint i = 0; i < rows->len; i++)
    if (g_str_equal (inn_field_row_get_field (rows->pdata[i])->name, field))
      return gtk_widget_get_visible (inn_field_row_get_row (rows->pdata[i]));
  return FALSE;
}

/* What the helper would refuse at the start is not offered, with the reason; what a machine has
 * all the same is shown. */
static void
test_networks (Fixture *fixture, gconstpointer data)
{
  InnDraft *draft = inn_details_view_get_draft (fixture->view);
  InnElement card;
  AdwComboRow *type;
  const char *note;
  g_autofree char *id = NULL;

  inn_details_view_add (fixture->view, inn_schema_find ("interface"));
  type = ADW_COMBO_ROW (find_row (fixture, "type"));
  note = adw_action_row_get_subtitle (ADW_ACTION_ROW (type));
  g_assert_cmpuint (g_list_model_get_n_items (adw_combo_row_get_model (type)), ==, 1);
  g_assert_true (g_str_has_suffix (note, "cable. Not in a session."));
  g_assert_null (find_row (fixture, "bridge"));
  g_assert_null (find_row (fixture, "network"));
  g_assert_nonnull (find_row (fixture, "model"));

  card =
      *inn_element_page_get_element (INN_ELEMENT_PAGE (inn_details_view_get_page (fixture->view)));
  g_assert_true (inn_element_set (&card, "type", "bridge", NULL));
  g_assert_true (inn_element_set (&card, "bridge", "br0", NULL));
  inn_details_view_add (fixture->view, inn_schema_find ("sound")); /* new pages */
  id = inn_element_dup_id (&card);
  g_assert_true (inn_details_view_show (fixture->view, id));
  type = ADW_COMBO_ROW (find_row (fixture, "type"));
  g_assert_cmpuint (g_list_model_get_n_items (adw_combo_row_get_model (type)), ==, 2);
  g_assert_cmpstr (gtk_string_object_get_string (adw_combo_row_get_selected_item (type)), ==,
                   "A bridge");
  g_assert_nonnull (find_row (fixture, "bridge"));
  g_assert_null (find_row (fixture, "network"));

  /* The choice that is left does what it says. */
  adw_combo_row_set_selected (type, 0);
  g_assert_true (inn_element_is (&card, "type", "user"));
  inn_draft_discard (draft);
}

/* A session's machine is not offered this computer's chip, but shown that it has it; who chooses
 * the other takes along what only that one has. */
static void
test_chip (Fixture *fixture, gconstpointer data)
{
  InnDraft *draft = inn_details_view_get_draft (fixture->view);
  InnElement chip;
  AdwComboRow *type;
  const char *note;
  g_autofree char *id = NULL;

  inn_details_view_add (fixture->view, inn_schema_find ("tpm"));
  type = ADW_COMBO_ROW (find_row (fixture, "type"));
  note = adw_action_row_get_subtitle (ADW_ACTION_ROW (type));
  g_assert_cmpuint (g_list_model_get_n_items (adw_combo_row_get_model (type)), ==, 1);
  g_assert_true (g_str_has_suffix (note, "can have this computer’s security chip."));
  g_assert_true (row_is_shown (fixture, "version"));
  g_assert_false (row_is_shown (fixture, "device"));

  chip =
      *inn_element_page_get_element (INN_ELEMENT_PAGE (inn_details_view_get_page (fixture->view)));
  g_assert_true (inn_element_set (&chip, "model", "tpm-tis", NULL));
  g_assert_true (inn_element_set (&chip, "version", NULL, NULL));
  g_assert_true (inn_element_set (&chip, "type", "passthrough", NULL));
  g_assert_true (inn_element_set (&chip, "device", "/dev/tpmrm0", NULL));
  inn_details_view_add (fixture->view, inn_schema_find ("sound")); /* new pages */
  id = inn_element_dup_id (&chip);
  g_assert_true (inn_details_view_show (fixture->view, id));
  type = ADW_COMBO_ROW (find_row (fixture, "type"));
  g_assert_cmpuint (g_list_model_get_n_items (adw_combo_row_get_model (type)), ==, 2);
  g_assert_cmpuint (adw_combo_row_get_selected (type), ==, 1);
  g_assert_true (row_is_shown (fixture, "device"));
  g_assert_false (row_is_shown (fixture, "version"));
  adw_combo_row_set_selected (type, 0);
  g_assert_true (inn_element_is (&chip, "type", "emulator"));
  g_assert_false (inn_element_has (&chip, "device"));
  g_assert_false (row_is_shown (fixture, "device"));

  /* And back, with another version. */
  adw_combo_row_set_selected (ADW_COMBO_ROW (find_row (fixture, "version")), 1);
  g_assert_true (inn_element_is (&chip, "version", "1.2"));
  adw_combo_row_set_selected (type, 1);
  g_assert_false (inn_element_has (&chip, "version"));
  g_assert_true (inn_element_is (&chip, "model", "tpm-tis"));
  adw_combo_row_set_selected (type, 0);
  g_assert_true (inn_element_is (&chip, "version", "2.0"));
  g_assert_cmpuint (adw_combo_row_get_selected (ADW_COMBO_ROW (find_row (fixture, "version"))), ==,
                    0);
  inn_draft_discard (draft);
}

/* Names are text and no markup, also those that are not allowed. */
static void
test_names (Fixture *fixture, gconstpointer data)
{
  fixture->disk = "a&amp;b";
  inn_draft_load (inn_details_view_get_draft (fixture->view));
  wait_until (inn_details_view_show (fixture->view, "disk:a&b"));
  g_assert_nonnull (
      find_widget (inn_details_view_get_page (fixture->view), GTK_TYPE_LABEL, "Disk a&b"));
}

int
main (int argc, char **argv)
{
#define ADD(name, function) g_test_add ("/apply/" name, Fixture, NULL, set_up, function, tear_down)

  stage_init (&argc, &argv);
  ADD ("remove", test_remove);
  ADD ("wrong-stays", test_wrong_stays);
  ADD ("apply", test_apply);
  ADD ("refused", test_refused);
  ADD ("elsewhere", test_elsewhere);
  ADD ("text-left", test_text_left);
  ADD ("helper-back", test_helper_back);
  ADD ("waits", test_waits);
  ADD ("refused-elsewhere", test_refused_elsewhere);
  ADD ("refused-unseen", test_refused_unseen);
  ADD ("new-image", test_new_image);
  ADD ("networks", test_networks);
  ADD ("chip", test_chip);
  ADD ("names", test_names);
  return stage_run ();
}
