/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The wizard's pages: what is said of a file, another system, other values. */
#include "create/inn-create-job.h"
#include "create/inn-os-page.h"
#include "wizard.h"

#include <string.h>

static void
assert_sentence (Fixture *fixture, GFile *file, const char *words)
{
  wizard_reopen (fixture, file);
  wizard_wait (wizard_has_banner, fixture);
  g_assert_true (wizard_is_source (fixture));
  if (strstr (wizard_banner (fixture), words) == NULL)
    g_error ("“%s” does not say “%s”", wizard_banner (fixture), words);
}

static void
test_unhappy (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GFile) text = wizard_make_file (fixture, "text.iso", "no", 2);
  g_autoptr (GFile) empty = wizard_make_file (fixture, "empty.iso", "", 0);
  g_autoptr (GFile) folder = g_file_new_for_path (fixture->folder);
  g_autoptr (GFile) image = wizard_make_file (fixture, "i.qcow2", "QFI", 3);

  assert_sentence (fixture, text, "no CD or DVD image");
  wizard_shoot (fixture, "no-iso");
  assert_sentence (fixture, empty, "is empty");
  assert_sentence (fixture, folder, "is a folder");
  g_variant_unref (fixture->facts);
  fixture->facts = g_variant_ref_sink (g_variant_new_parsed (
      "{'format': <'qcow2'>, 'virtual-size': <uint64 9>, 'backing-file': <'/etc/shadow'>}"));
  assert_sentence (fixture, image, "needs the file “/etc/shadow”");
  g_variant_unref (fixture->facts);
  fixture->facts = g_variant_ref_sink (g_variant_new_parsed (
      "{'format': <'qcow2'>, 'virtual-size': <uint64 9>, 'used-by': <'Web'>}"));
  wizard_reopen (fixture, image);
  wizard_wait (wizard_is_summary, fixture);
  g_assert_true (wizard_says (fixture->dialog, "belongs to the machine “Web”"));
  g_assert_null (wizard_find (fixture->dialog, ADW_TYPE_COMBO_ROW, "Disk image"));
}

/* Another system brings other hardware; the name that a person gave stays. */
static void
test_system (Fixture *fixture, gconstpointer data)
{
  GtkWidget *search, *name;

  wizard_press (fixture, "Empty Machine");
  wizard_wait (wizard_is_summary, fixture);
  name = wizard_need (fixture, ADW_TYPE_ENTRY_ROW, "Name");
  gtk_editable_set_text (GTK_EDITABLE (name), "Own name");
  g_signal_emit_by_name (
      wizard_find (wizard_need (fixture, ADW_TYPE_ACTION_ROW, "System"), GTK_TYPE_BUTTON, NULL),
      "clicked");
  g_assert_cmpstr (wizard_page (fixture), ==, "system");
  search = wizard_need (fixture, GTK_TYPE_SEARCH_ENTRY, NULL);
  wizard_shoot (fixture, "system");
  gtk_editable_set_text (GTK_EDITABLE (search), "windows xp");
  g_signal_emit_by_name (search, "activate");
  wizard_wait (wizard_is_summary, fixture);
  g_assert_true (wizard_says (fixture->dialog, "Microsoft Windows XP"));
  wizard_press (fixture, "Create");
  wizard_wait (wizard_is_busy, fixture);
  wizard_assert_made (fixture, "general", "name", "Own name");
  wizard_assert_made (fixture, "machine", "machine", "pc");
  wizard_assert_made (fixture, "clock", "offset", "localtime");
  wizard_assert_made (fixture, "disk", "bus", "ide");
}

static guint
count_shown (GtkWidget *widget)
{
  guint n = GTK_IS_LABEL (widget) && gtk_widget_get_mapped (widget) ? 1 : 0;

  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    n += count_shown (child);
  return n;
}

static gboolean
is_list_full (Fixture *fixture)
{
  return count_shown (wizard_need (fixture, INN_TYPE_OS_PAGE, NULL)) > 8;
}

/* The list of systems is there from the first, and around the one that was found. */
static void
test_system_list (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GFile) iso = wizard_make_iso (fixture, "d.iso", "Debian 11.5.0 amd64 n");

  wizard_reopen (fixture, iso);
  wizard_wait (wizard_is_summary, fixture);
  g_signal_emit_by_name (
      wizard_find (wizard_need (fixture, ADW_TYPE_ACTION_ROW, "System"), GTK_TYPE_BUTTON, NULL),
      "clicked");
  wizard_wait (is_list_full, fixture);
  wizard_settle (); /* what the first frame showed may go with the second */
  g_assert_true (is_list_full (fixture));
  g_assert_nonnull (
      wizard_find (wizard_need (fixture, INN_TYPE_OS_PAGE, NULL), GTK_TYPE_LABEL, "Debian 11"));
}

static GtkWidget *
spin_of (Fixture *fixture, const char *row)
{
  return wizard_find (wizard_need (fixture, ADW_TYPE_ACTION_ROW, row), GTK_TYPE_SPIN_BUTTON, NULL);
}

/* And so do the other values that a person gave, and only they. */
static void
test_system_keeps (Fixture *fixture, gconstpointer data)
{
  GtkWidget *search;

  wizard_press (fixture, "Empty Machine");
  wizard_wait (wizard_is_summary, fixture);
  adw_combo_row_set_selected (
      ADW_COMBO_ROW (wizard_need (fixture, ADW_TYPE_COMBO_ROW, "Network card")), 4);
  gtk_spin_button_set_value (GTK_SPIN_BUTTON (spin_of (fixture, "Memory")), 3.0 * (1u << 30));
  gtk_spin_button_set_value (GTK_SPIN_BUTTON (spin_of (fixture, "Disk")), 7.0 * (1u << 30));
  g_signal_emit_by_name (
      wizard_find (wizard_need (fixture, ADW_TYPE_ACTION_ROW, "System"), GTK_TYPE_BUTTON, NULL),
      "clicked");
  search = wizard_need (fixture, GTK_TYPE_SEARCH_ENTRY, NULL);
  gtk_editable_set_text (GTK_EDITABLE (search), "windows xp");
  g_signal_emit_by_name (search, "activate");
  wizard_wait (wizard_is_summary, fixture);
  g_assert_cmpfloat (gtk_spin_button_get_value (GTK_SPIN_BUTTON (spin_of (fixture, "Memory"))), ==,
                     3.0 * (1u << 30));
  g_assert_cmpfloat (gtk_spin_button_get_value (GTK_SPIN_BUTTON (spin_of (fixture, "Disk"))), ==,
                     7.0 * (1u << 30));
  g_assert_cmpfloat (gtk_spin_button_get_value (GTK_SPIN_BUTTON (spin_of (fixture, "Processors"))),
                     ==, 1);
  g_assert_cmpuint (adw_combo_row_get_selected (
                        ADW_COMBO_ROW (wizard_need (fixture, ADW_TYPE_COMBO_ROW, "Network card"))),
                    ==, 4);
}

/* Another file is dropped while one is being looked at: that one's end is not the new one's. */
static void
test_another_file (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GFile) first = wizard_make_iso (fixture, "first.iso", "FIRST");
  g_autoptr (GFile) second = wizard_make_iso (fixture, "second.iso", "SECOND");

  inn_create_dialog_open (INN_CREATE_DIALOG (fixture->dialog), first);
  inn_create_dialog_open (INN_CREATE_DIALOG (fixture->dialog), second);
  while (!wizard_is_summary (fixture))
    {
      g_assert_false (wizard_is_source (fixture));
      g_main_context_iteration (NULL, TRUE);
    }
}

static void
on_left (InnCreateDialog *dialog, InnCreateJob *job, const char *name, InnCreateJob **out_job)
{
  g_assert_cmpstr (name, ==, "Machine");
  *out_job = g_object_ref (job);
}

static void
on_ended (InnCreateJob *job, const GError *error, gboolean *ended)
{
  g_assert_no_error (error);
  *ended = TRUE;
}

/* The wizard is closed while the machine is being made: somebody is told how it turns out. */
static void
test_left (Fixture *fixture, gconstpointer data)
{
  g_autoptr (InnCreateJob) job = NULL;
  gboolean ended = FALSE;

  wizard_press (fixture, "Empty Machine");
  wizard_wait (wizard_is_summary, fixture);
  wizard_press (fixture, "Create");
  wizard_wait (wizard_is_busy, fixture);
  while (fixture->made == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_signal_connect (fixture->dialog, "left", G_CALLBACK (on_left), &job);
  gtk_window_close (GTK_WINDOW (fixture->dialog));
  wizard_wait (wizard_is_closed, fixture);
  g_assert_nonnull (job);
  g_signal_connect (job, "ended", G_CALLBACK (on_ended), &ended);
  fake_helper_change (fixture->fake, WIZARD_JOB_PATH, INN_IFACE_JOB, "State",
                      g_variant_new_string ("done"));
  while (!ended)
    g_main_context_iteration (NULL, TRUE);
}

/* A disk's name follows its bus, so that what is made is what the rules allow. */
static void
test_edit (Fixture *fixture, gconstpointer data)
{
  GtkWidget *bus, *memory, *more;

  wizard_press (fixture, "Empty Machine");
  wizard_wait (wizard_is_summary, fixture);
  more = wizard_need (fixture, ADW_TYPE_EXPANDER_ROW, "More");
  adw_expander_row_set_expanded (ADW_EXPANDER_ROW (more), TRUE);
  wizard_shoot (fixture, "more");
  bus = wizard_need (fixture, ADW_TYPE_COMBO_ROW, "Disk bus");
  adw_combo_row_set_selected (ADW_COMBO_ROW (bus), 0);
  memory = wizard_find (wizard_need (fixture, ADW_TYPE_ACTION_ROW, "Memory"), GTK_TYPE_SPIN_BUTTON,
                        NULL);
  gtk_editable_set_text (GTK_EDITABLE (memory), "1.5 GiB");
  gtk_spin_button_update (GTK_SPIN_BUTTON (memory));
  gtk_switch_set_active (
      GTK_SWITCH (wizard_find (wizard_need (fixture, ADW_TYPE_ACTION_ROW, "Start when created"),
                               GTK_TYPE_SWITCH, NULL)),
      FALSE);
  wizard_press (fixture, "Create");
  wizard_wait (wizard_is_busy, fixture);
  wizard_assert_made (fixture, "disk", "bus", "virtio");
  wizard_assert_made (fixture, "disk", "target", "vda");
  {
    InnElement section = inn_domain_get (fixture->made, "memory");

    g_assert_cmpuint (inn_element_get_uint (&section, "size"), ==, 1536ull << 20);
  }
  g_assert_false (g_variant_lookup (fixture->options, "start", "b", NULL));
}

static GFile *
make_image (Fixture *fixture, const char *name)
{
  return wizard_make_file (fixture, name, "KDMV", 4);
}

static gboolean
is_second (Fixture *fixture)
{
  return wizard_is_summary (fixture) &&
         wizard_find (fixture->dialog, ADW_TYPE_ENTRY_ROW, "Name") != NULL &&
         g_str_equal (gtk_editable_get_text (
                          GTK_EDITABLE (wizard_need (fixture, ADW_TYPE_ENTRY_ROW, "Name"))),
                      "second");
}

static AdwMessageDialog *
question (void)
{
  GListModel *windows = gtk_window_get_toplevels ();

  for (guint i = 0; i < g_list_model_get_n_items (windows); i++)
    {
      g_autoptr (GtkWindow) window = g_list_model_get_item (windows, i);

      if (ADW_IS_MESSAGE_DIALOG (window) && gtk_widget_get_visible (GTK_WIDGET (window)))
        return ADW_MESSAGE_DIALOG (window);
    }
  return NULL;
}

/* A file that is opened while the wizard is there: taken at once if nothing is lost by it. */
static void
test_second_file (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GFile) first = make_image (fixture, "first.vmdk");
  g_autoptr (GFile) second = make_image (fixture, "second.vmdk");

  wizard_reopen (fixture, first);
  wizard_wait (wizard_is_summary, fixture);
  inn_create_dialog_open (INN_CREATE_DIALOG (fixture->dialog), second);
  g_assert_null (question ());
  wizard_wait (is_second, fixture);
}

/* What was entered is dropped only by a person's word. */
static void
test_second_file_asks (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GFile) first = make_image (fixture, "first.vmdk");
  g_autoptr (GFile) other = make_image (fixture, "other.vmdk");
  g_autoptr (GFile) second = make_image (fixture, "second.vmdk");
  GtkEditable *name;

  wizard_reopen (fixture, first);
  wizard_wait (wizard_is_summary, fixture);
  name = GTK_EDITABLE (wizard_need (fixture, ADW_TYPE_ENTRY_ROW, "Name"));
  gtk_editable_set_text (name, "Mine");
  inn_create_dialog_open (INN_CREATE_DIALOG (fixture->dialog), other);
  g_assert_nonnull (question ());
  gtk_window_close (GTK_WINDOW (question ()));
  wizard_settle ();
  g_assert_true (wizard_is_summary (fixture));
  g_assert_cmpstr (gtk_editable_get_text (name), ==, "Mine");

  /* Of two the later is meant, and asked about once. */
  inn_create_dialog_open (INN_CREATE_DIALOG (fixture->dialog), other);
  inn_create_dialog_open (INN_CREATE_DIALOG (fixture->dialog), second);
  g_assert_nonnull (strstr (adw_message_dialog_get_heading (question ()), "second.vmdk"));
  g_signal_emit_by_name (wizard_find (GTK_WIDGET (question ()), GTK_TYPE_BUTTON, "Use It"),
                         "clicked");
  wizard_wait (is_second, fixture);
  g_assert_null (question ());
}

/* A machine that is being made is made; the file is next. */
static void
test_second_file_waits (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GFile) second = make_image (fixture, "second.vmdk");

  wizard_press (fixture, "Empty Machine");
  wizard_wait (wizard_is_summary, fixture);
  wizard_press (fixture, "Create");
  wizard_wait (wizard_is_busy, fixture);
  inn_create_dialog_open (INN_CREATE_DIALOG (fixture->dialog), second);
  wizard_settle ();
  g_assert_true (wizard_is_busy (fixture));
  g_assert_false (fixture->cancelled);
  fake_helper_change (fixture->fake, WIZARD_JOB_PATH, INN_IFACE_JOB, "State",
                      g_variant_new_string ("done"));
  wizard_wait (is_second, fixture);
  g_assert_nonnull (fixture->created);
}

int
main (int argc, char **argv)
{
  wizard_init (&argc, &argv);
  WIZARD_ADD ("system-keeps", test_system_keeps);
  WIZARD_ADD ("another-file", test_another_file);
  WIZARD_ADD ("left", test_left);
  WIZARD_ADD ("unhappy", test_unhappy);
  WIZARD_ADD ("system", test_system);
  WIZARD_ADD ("system-list", test_system_list);
  WIZARD_ADD ("edit", test_edit);
  WIZARD_ADD ("second-file", test_second_file);
  WIZARD_ADD ("second-file-asks", test_second_file_asks);
  WIZARD_ADD ("second-file-waits", test_second_file_waits);
  return g_test_run ();
}
