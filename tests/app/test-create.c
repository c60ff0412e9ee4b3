/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The wizard in process, before a helper that answers as each case needs. With INN_SCREENSHOTS=DIR
 * every page is also kept there as a picture. */
#include "client/inn-create.h"
#include "create/inn-create-dialog.h"
#include "inn-banner.h"
#include "shared/inn-domain.h"
#include "unit/fake-helper.h"

#include <gio/gunixfdlist.h>
#include <string.h>

#define MACHINE_PATH INN_MACHINES_PATH "/new"
#define JOB_PATH     INN_JOBS_PATH "/1"

typedef struct
{
  FakeHelper *fake;
  InnConnection *connection;
  GtkWidget *dialog;
  char *folder;
  /* what the helper answers */
  GVariant *facts;
  const char *create_error;
  /* what it was asked */
  InnDomain *made;
  GVariant *options;
  gboolean cancelled;
  char *created; /* told by the dialog */
} Fixture;

static void
wait_for (gboolean (*condition) (Fixture *fixture), Fixture *fixture)
{
  gint64 end = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;

  while (!condition (fixture))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, end);
      if (!g_main_context_iteration (NULL, FALSE))
        g_usleep (2000);
    }
}

static void
settle (void)
{
  gint64 end = g_get_monotonic_time () + 400 * 1000;

  while (g_get_monotonic_time () < end)
    if (!g_main_context_iteration (NULL, FALSE))
      g_usleep (2000);
}

static void
add_job (Fixture *fixture, const char *state, const char *error_name, const char *message)
{
  fake_helper_add (fixture->fake, JOB_PATH, INN_IFACE_JOB,
                   g_variant_new_parsed ("{'Operation': <'create'>, 'Machine': <%o>, 'State': <%s>,"
                                         " 'Step': <'Copying the disk image'>, 'Progress': <0.4>,"
                                         " 'ErrorName': <%s>, 'ErrorMessage': <%s>}",
                                         MACHINE_PATH, state, error_name, message));
}

static void
answer_create (Fixture *fixture, GDBusMethodInvocation *invocation)
{
  GVariant *parameters = g_dbus_method_invocation_get_parameters (invocation);
  g_autoptr (GError) error = NULL;
  const char *xml;

  g_clear_pointer (&fixture->options, g_variant_unref);
  g_clear_pointer (&fixture->made, inn_domain_unref);
  g_variant_get (parameters, "(&s@a{sv})", &xml, &fixture->options);
  fixture->made = inn_domain_parse (xml, -1, &error);
  g_assert_no_error (error);
  g_assert_true (inn_domain_check (fixture->made, &error));
  if (fixture->create_error != NULL)
    {
      g_dbus_method_invocation_return_dbus_error (invocation, "org.innkeeper.Error.NoSpace",
                                                  fixture->create_error);
      return;
    }
  g_dbus_method_invocation_return_value (invocation,
                                         g_variant_new ("(oo)", MACHINE_PATH, JOB_PATH));
  add_job (fixture, "running", "", "");
}

static void
answer (FakeHelper *fake, GDBusMethodInvocation *invocation, gpointer data)
{
  Fixture *fixture = data;
  const char *method = g_dbus_method_invocation_get_method_name (invocation);

  if (g_str_equal (method, "InspectImage"))
    g_dbus_method_invocation_return_value (invocation, g_variant_new ("(@a{sv})", fixture->facts));
  else if (g_str_equal (method, "Create"))
    answer_create (fixture, invocation);
  else if (g_str_equal (method, "Cancel"))
    {
      fixture->cancelled = TRUE;
      g_dbus_method_invocation_return_value (invocation, NULL);
      fake_helper_change (fake, JOB_PATH, INN_IFACE_JOB, "ErrorName",
                          g_variant_new_string ("org.innkeeper.Error.Cancelled"));
      fake_helper_change (fake, JOB_PATH, INN_IFACE_JOB, "State",
                          g_variant_new_string ("cancelled"));
    }
  else
    g_dbus_method_invocation_return_dbus_error (invocation, "org.innkeeper.Error.Failed", method);
}

static gboolean
is_ready (Fixture *fixture)
{
  return inn_connection_get_state (fixture->connection) == INN_CONNECTION_READY;
}

static void
on_created (Fixture *fixture, const char *path)
{
  fixture->created = g_strdup (path);
}

static void
on_destroyed (Fixture *fixture)
{
  fixture->dialog = NULL;
}

static void
open_dialog (Fixture *fixture, GFile *file)
{
  fixture->dialog = inn_create_dialog_new (NULL, fixture->connection, file);
  g_signal_connect_swapped (fixture->dialog, "created", G_CALLBACK (on_created), fixture);
  g_signal_connect_swapped (fixture->dialog, "destroy", G_CALLBACK (on_destroyed), fixture);
  gtk_window_present (GTK_WINDOW (fixture->dialog));
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->folder = g_dir_make_tmp ("inn-create-XXXXXX", NULL);
  fixture->facts = g_variant_ref_sink (g_variant_new_parsed (
      "{'format': <'vmdk'>, 'virtual-size': <uint64 1073741824>, 'file-size': <uint64 65536>}"));
  fixture->fake = fake_helper_new (INN_PROTOCOL, 2, answer, fixture);
  fixture->connection = inn_connection_new (G_BUS_TYPE_SESSION);
  wait_for (is_ready, fixture);
  open_dialog (fixture, NULL);
}

static gboolean
is_closed (Fixture *fixture)
{
  return fixture->dialog == NULL;
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  const char *const argv[] = { "rm", "-rf", "--", fixture->folder, NULL };

  if (fixture->dialog != NULL)
    gtk_window_destroy (GTK_WINDOW (fixture->dialog));
  wait_for (is_closed, fixture);
  settle ();
  g_clear_object (&fixture->connection);
  fake_helper_free (fixture->fake);
  g_clear_pointer (&fixture->made, inn_domain_unref);
  g_clear_pointer (&fixture->options, g_variant_unref);
  g_clear_pointer (&fixture->facts, g_variant_unref);
  g_free (fixture->created);
  g_assert_true (g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
                               NULL, NULL, NULL));
  g_free (fixture->folder);
}

/* What a widget says itself, or a label in it. */
static gboolean
says (GtkWidget *widget, const char *text)
{
  GtkWidget *child;

  if (GTK_IS_LABEL (widget) && strstr (gtk_label_get_label (GTK_LABEL (widget)), text) != NULL)
    return TRUE;
  for (child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    if (gtk_widget_get_visible (child) && says (child, text))
      return TRUE;
  return FALSE;
}

/* The innermost widget of @type below @root that says @text (NULL: any). */
static GtkWidget *
find (GtkWidget *root, GType type, const char *text)
{
  for (GtkWidget *child = gtk_widget_get_first_child (root); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = find (child, type, text);

      if (found != NULL)
        return found;
      if (g_type_is_a (G_OBJECT_TYPE (child), type) && (text == NULL || says (child, text)))
        return child;
    }
  return NULL;
}

static GtkWidget *
need (Fixture *fixture, GType type, const char *text)
{
  GtkWidget *found = find (fixture->dialog, type, text);

  if (found == NULL)
    g_error ("no %s that says “%s”", g_type_name (type), text);
  return found;
}

static void
press (Fixture *fixture, const char *text)
{
  GtkWidget *button = need (fixture, GTK_TYPE_BUTTON, text);

  g_assert_true (gtk_widget_is_sensitive (button));
  g_signal_emit_by_name (button, "clicked");
}

static GtkStack *
stack_of (Fixture *fixture)
{
  return GTK_STACK (
      gtk_widget_get_template_child (fixture->dialog, INN_TYPE_CREATE_DIALOG, "stack"));
}

static const char *
page (Fixture *fixture)
{
  return gtk_stack_get_visible_child_name (stack_of (fixture));
}

static gboolean
is_summary (Fixture *fixture)
{
  return fixture->dialog != NULL && g_str_equal (page (fixture), "summary");
}

static gboolean
is_source (Fixture *fixture)
{
  return fixture->dialog != NULL && g_str_equal (page (fixture), "source");
}

static gboolean
is_busy (Fixture *fixture)
{
  return g_str_equal (page (fixture), "busy") && says (fixture->dialog, "Copying the disk image");
}

static gboolean
is_created (Fixture *fixture)
{
  return fixture->created != NULL;
}

static const char *
banner (Fixture *fixture)
{
  InnBanner *widget = INN_BANNER (
      gtk_widget_get_template_child (fixture->dialog, INN_TYPE_CREATE_DIALOG, "banner"));

  return inn_banner_get_text (widget);
}

static gboolean
has_banner (Fixture *fixture)
{
  return banner (fixture) != NULL;
}

static void
shoot_as (Fixture *fixture, const char *name)
{
  const char *folder = g_getenv ("INN_SCREENSHOTS");
  g_autofree char *path = g_strdup_printf ("%s/create-%s.png", folder, name);
  g_autoptr (GdkPaintable) paintable = gtk_widget_paintable_new (fixture->dialog);
  g_autoptr (GskRenderNode) node = NULL;
  g_autoptr (GdkTexture) texture = NULL;

  while (node == NULL)
    {
      g_autoptr (GtkSnapshot) snapshot = gtk_snapshot_new ();

      settle ();
      gdk_paintable_snapshot (paintable, snapshot, gdk_paintable_get_intrinsic_width (paintable),
                              gdk_paintable_get_intrinsic_height (paintable));
      node = gtk_snapshot_to_node (snapshot);
    }
  texture = gsk_renderer_render_texture (gtk_native_get_renderer (GTK_NATIVE (fixture->dialog)),
                                         node, NULL);
  g_assert_true (gdk_texture_save_to_png (texture, path));
}

static void
shoot (Fixture *fixture, const char *name)
{
  AdwStyleManager *style = adw_style_manager_get_default ();
  g_autofree char *dark = g_strconcat (name, "-dark", NULL);
  g_autofree char *narrow = g_strconcat (name, "-narrow", NULL);

  if (g_getenv ("INN_SCREENSHOTS") == NULL)
    return;
  shoot_as (fixture, name);
  adw_style_manager_set_color_scheme (style, ADW_COLOR_SCHEME_FORCE_DARK);
  shoot_as (fixture, dark);
  adw_style_manager_set_color_scheme (style, ADW_COLOR_SCHEME_DEFAULT);
  gtk_window_set_default_size (GTK_WINDOW (fixture->dialog), 360, 640);
  shoot_as (fixture, narrow);
  gtk_window_set_default_size (GTK_WINDOW (fixture->dialog), 600, 680);
}

static GFile *
make_file (Fixture *fixture, const char *name, const char *data, gsize length)
{
  g_autofree char *path = g_build_filename (fixture->folder, name, NULL);

  g_assert_true (g_file_set_contents (path, data, (gssize)length, NULL));
  return g_file_new_for_path (path);
}

static GFile *
make_iso (Fixture *fixture, const char *name, const char *label)
{
  g_autofree char *path = g_build_filename (fixture->folder, name, NULL);
  g_autofree char *tree = g_build_filename (fixture->folder, "tree", NULL);
  g_autofree char *file = g_build_filename (tree, "boot", NULL);
  const char *argv[] = { "xorriso", "-as",  "mkisofs", "-quiet",        "-V", label, "-o", path,
                         "-b",      "boot", tree,      "-no-emul-boot", NULL };
  int status;

  g_mkdir_with_parents (tree, 0700);
  g_assert_true (g_file_set_contents (file, "x", 1, NULL));
  g_assert_true (g_spawn_sync (NULL, (char **)argv, NULL,
                               G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, NULL,
                               NULL, &status, NULL));
  g_assert_cmpint (status, ==, 0);
  return g_file_new_for_path (path);
}

static void
reopen (Fixture *fixture, GFile *file)
{
  gtk_window_destroy (GTK_WINDOW (fixture->dialog));
  wait_for (is_closed, fixture);
  open_dialog (fixture, file);
}

static char *
dup_field (Fixture *fixture, const char *kind, const char *field)
{
  InnElement section;

  if (inn_schema_find (kind)->device)
    {
      g_autoptr (GPtrArray) list = inn_domain_list (fixture->made, kind);

      g_assert_cmpuint (list->len, >, 0);
      return inn_element_dup (list->pdata[0], field);
    }
  section = inn_domain_get (fixture->made, kind);
  return inn_element_dup (&section, field);
}

static void
assert_made (Fixture *fixture, const char *kind, const char *field, const char *wanted)
{
  g_autofree char *value = dup_field (fixture, kind, field);

  g_assert_cmpstr (value, ==, wanted);
}

static void
end_job (Fixture *fixture)
{
  fake_helper_change (fixture->fake, JOB_PATH, INN_IFACE_JOB, "State",
                      g_variant_new_string ("done"));
  wait_for (is_created, fixture);
  g_assert_cmpstr (fixture->created, ==, MACHINE_PATH);
  wait_for (is_closed, fixture);
}

/* File → Create: all else is filled in, and nothing is asked of the helper before. */
static void
test_iso (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GFile) iso = make_iso (fixture, "d.iso", "Debian 11.5.0 amd64 n");
  g_autoptr (GVariant) storage = NULL;
  g_autofree char *path = g_file_get_path (iso);
  guint64 size = 0;
  gboolean start = FALSE;

  shoot (fixture, "source");
  reopen (fixture, iso);
  wait_for (is_summary, fixture);
  g_assert_null (banner (fixture));
  g_assert_true (says (fixture->dialog, "Debian 11"));
  g_assert_cmpuint (fake_helper_count_calls (fixture->fake, "Create"), ==, 0);
  g_assert_cmpuint (fake_helper_count_calls (fixture->fake, "InspectImage"), ==, 0);
  shoot (fixture, "summary");
  press (fixture, "Create");
  wait_for (is_busy, fixture);
  shoot (fixture, "busy");
  assert_made (fixture, "general", "name", "Debian 11");
  assert_made (fixture, "cdrom", "source", path);
  assert_made (fixture, "cpu", "vcpus", "2");
  assert_made (fixture, "disk", "target", "vda");
  g_assert_true (g_variant_lookup (fixture->options, "start", "b", &start));
  g_assert_true (start);
  storage = g_variant_lookup_value (fixture->options, "storage", G_VARIANT_TYPE ("aa{sv}"));
  g_assert_cmpuint (g_variant_n_children (storage), ==, 1);
  {
    g_autoptr (GVariant) entry = g_variant_get_child_value (storage, 0);

    g_assert_true (g_variant_lookup (entry, "size", "t", &size));
  }
  g_assert_cmpuint (size, ==, 20ull << 30);
  end_job (fixture);
}

/* What the helper refuses is said, and nothing that was entered is lost. */
static void
test_failed (Fixture *fixture, gconstpointer data)
{
  GtkWidget *name;

  press (fixture, "Empty Machine");
  wait_for (is_summary, fixture);
  name = need (fixture, ADW_TYPE_ENTRY_ROW, "Name");
  gtk_editable_set_text (GTK_EDITABLE (name), "machine 1");
  g_assert_nonnull (strstr (banner (fixture), "already a machine called “machine 1”"));
  g_assert_false (gtk_widget_is_sensitive (need (fixture, GTK_TYPE_BUTTON, "Create")));
  shoot (fixture, "taken");
  gtk_editable_set_text (GTK_EDITABLE (name), "My machine");
  g_assert_null (banner (fixture));
  fixture->create_error = "There is no room for the disk. Free 20 GiB first.";
  press (fixture, "Create");
  wait_for (has_banner, fixture);
  g_assert_cmpstr (banner (fixture), ==, fixture->create_error);
  g_assert_true (is_summary (fixture));
  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (name)), ==, "My machine");
  g_assert_null (fixture->created);
  shoot (fixture, "failed");
  fixture->create_error = NULL;
  press (fixture, "Create");
  wait_for (is_busy, fixture);
  assert_made (fixture, "general", "name", "My machine");
  end_job (fixture);
}

static void
test_cancel (Fixture *fixture, gconstpointer data)
{
  press (fixture, "Empty Machine");
  wait_for (is_summary, fixture);
  press (fixture, "Create");
  wait_for (is_busy, fixture);
  press (fixture, "Cancel");
  wait_for (is_summary, fixture);
  g_assert_true (fixture->cancelled);
  g_assert_null (banner (fixture));
  g_assert_null (fixture->created);
}

/* A job that fails later than the call. */
static void
test_job_failed (Fixture *fixture, gconstpointer data)
{
  press (fixture, "Network");
  wait_for (is_summary, fixture);
  press (fixture, "Create");
  wait_for (is_busy, fixture);
  assert_made (fixture, "boot", "second", "network");
  fake_helper_change (fixture->fake, JOB_PATH, INN_IFACE_JOB, "ErrorName",
                      g_variant_new_string ("org.innkeeper.Error.Io"));
  fake_helper_change (fixture->fake, JOB_PATH, INN_IFACE_JOB, "ErrorMessage",
                      g_variant_new_string ("The disk is broken."));
  fake_helper_change (fixture->fake, JOB_PATH, INN_IFACE_JOB, "State",
                      g_variant_new_string ("failed"));
  wait_for (has_banner, fixture);
  g_assert_cmpstr (banner (fixture), ==, "The disk is broken.");
  g_assert_true (is_summary (fixture));
}

static void
test_disk (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GFile) image = make_file (fixture, "old disk.vmdk", "KDMV", 4);
  g_autofree char *path = g_file_get_path (image);
  GtkWidget *use;

  reopen (fixture, image);
  wait_for (is_summary, fixture);
  g_assert_cmpuint (fake_helper_count_calls (fixture->fake, "InspectImage"), ==, 1);
  g_assert_true (says (fixture->dialog, "Nothing is known of the system"));
  shoot (fixture, "disk");
  use = need (fixture, ADW_TYPE_COMBO_ROW, "Disk image");
  adw_combo_row_set_selected (ADW_COMBO_ROW (use), 1);
  press (fixture, "Create");
  wait_for (is_busy, fixture);
  assert_made (fixture, "general", "name", "old disk");
  assert_made (fixture, "disk", "source", path);
  assert_made (fixture, "disk", "format", "vmdk");
  g_assert_false (g_variant_lookup (fixture->options, "storage", "aa{sv}", NULL));
  press (fixture, "Cancel");
  wait_for (is_summary, fixture);
  adw_combo_row_set_selected (ADW_COMBO_ROW (need (fixture, ADW_TYPE_COMBO_ROW, "Disk image")), 0);
  press (fixture, "Create");
  wait_for (is_busy, fixture);
  assert_made (fixture, "disk", "source", NULL);
  assert_made (fixture, "disk", "format", "qcow2");
  g_assert_true (g_variant_lookup (fixture->options, "storage", "aa{sv}", NULL));
}

static void
assert_sentence (Fixture *fixture, GFile *file, const char *words)
{
  reopen (fixture, file);
  wait_for (has_banner, fixture);
  g_assert_true (is_source (fixture));
  if (strstr (banner (fixture), words) == NULL)
    g_error ("“%s” does not say “%s”", banner (fixture), words);
}

static void
test_unhappy (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GFile) text = make_file (fixture, "text.iso", "no", 2);
  g_autoptr (GFile) empty = make_file (fixture, "empty.iso", "", 0);
  g_autoptr (GFile) folder = g_file_new_for_path (fixture->folder);
  g_autoptr (GFile) image = make_file (fixture, "i.qcow2", "QFI", 3);

  assert_sentence (fixture, text, "no CD or DVD image");
  shoot (fixture, "no-iso");
  assert_sentence (fixture, empty, "is empty");
  assert_sentence (fixture, folder, "is a folder");
  g_variant_unref (fixture->facts);
  fixture->facts = g_variant_ref_sink (g_variant_new_parsed (
      "{'format': <'qcow2'>, 'virtual-size': <uint64 9>, 'backing-file': <'/etc/shadow'>}"));
  assert_sentence (fixture, image, "needs the file “/etc/shadow”");
  g_variant_unref (fixture->facts);
  fixture->facts = g_variant_ref_sink (g_variant_new_parsed (
      "{'format': <'qcow2'>, 'virtual-size': <uint64 9>, 'used-by': <'Web'>}"));
  reopen (fixture, image);
  wait_for (is_summary, fixture);
  g_assert_true (says (fixture->dialog, "belongs to the machine “Web”"));
  g_assert_null (find (fixture->dialog, ADW_TYPE_COMBO_ROW, "Disk image"));
}

/* Another system brings other hardware; the name that a person gave stays. */
static void
test_system (Fixture *fixture, gconstpointer data)
{
  GtkWidget *search, *name;

  press (fixture, "Empty Machine");
  wait_for (is_summary, fixture);
  name = need (fixture, ADW_TYPE_ENTRY_ROW, "Name");
  gtk_editable_set_text (GTK_EDITABLE (name), "Own name");
  g_signal_emit_by_name (
      find (need (fixture, ADW_TYPE_ACTION_ROW, "System"), GTK_TYPE_BUTTON, NULL), "clicked");
  g_assert_cmpstr (page (fixture), ==, "system");
  search = need (fixture, GTK_TYPE_SEARCH_ENTRY, NULL);
  shoot (fixture, "system");
  gtk_editable_set_text (GTK_EDITABLE (search), "windows xp");
  g_signal_emit_by_name (search, "activate");
  wait_for (is_summary, fixture);
  g_assert_true (says (fixture->dialog, "Microsoft Windows XP"));
  press (fixture, "Create");
  wait_for (is_busy, fixture);
  assert_made (fixture, "general", "name", "Own name");
  assert_made (fixture, "machine", "machine", "pc");
  assert_made (fixture, "clock", "offset", "localtime");
  assert_made (fixture, "disk", "bus", "ide");
}

/* A disk's name follows its bus, so that what is made is what the rules allow. */
static void
test_edit (Fixture *fixture, gconstpointer data)
{
  GtkWidget *bus, *memory, *more;

  press (fixture, "Empty Machine");
  wait_for (is_summary, fixture);
  more = need (fixture, ADW_TYPE_EXPANDER_ROW, "More");
  adw_expander_row_set_expanded (ADW_EXPANDER_ROW (more), TRUE);
  shoot (fixture, "more");
  bus = need (fixture, ADW_TYPE_COMBO_ROW, "Disk bus");
  adw_combo_row_set_selected (ADW_COMBO_ROW (bus), 0);
  memory = find (need (fixture, ADW_TYPE_ACTION_ROW, "Memory"), GTK_TYPE_SPIN_BUTTON, NULL);
  gtk_editable_set_text (GTK_EDITABLE (memory), "1.5 GiB");
  gtk_spin_button_update (GTK_SPIN_BUTTON (memory));
  gtk_switch_set_active (
      GTK_SWITCH (
          find (need (fixture, ADW_TYPE_ACTION_ROW, "Start when created"), GTK_TYPE_SWITCH, NULL)),
      FALSE);
  press (fixture, "Create");
  wait_for (is_busy, fixture);
  assert_made (fixture, "disk", "bus", "virtio");
  assert_made (fixture, "disk", "target", "vda");
  {
    InnElement section = inn_domain_get (fixture->made, "memory");

    g_assert_cmpuint (inn_element_get_uint (&section, "size"), ==, 1536ull << 20);
  }
  g_assert_false (g_variant_lookup (fixture->options, "start", "b", NULL));
}

static void
test_kernel (Fixture *fixture, gconstpointer data)
{
  char bytes[1024] = { 0 };
  g_autoptr (GFile) kernel = NULL;

  bytes[0x1fe] = 0x55;
  bytes[0x1ff] = (char)0xaa;
  memcpy (bytes + 0x202, "HdrS", 4);
  kernel = make_file (fixture, "vmlinuz", bytes, sizeof bytes);
  reopen (fixture, kernel);
  while (!g_str_equal (page (fixture), "kernel"))
    g_main_context_iteration (NULL, TRUE);
  shoot (fixture, "kernel");
  gtk_editable_set_text (GTK_EDITABLE (need (fixture, ADW_TYPE_ENTRY_ROW, "Kernel options")),
                         "console=ttyS0");
  press (fixture, "Continue");
  wait_for (is_summary, fixture);
  press (fixture, "Create");
  wait_for (is_busy, fixture);
  assert_made (fixture, "kernel", "cmdline", "console=ttyS0");
  assert_made (fixture, "disk", "bus", "virtio");
}

/* As the application does by its resources. */
static void
load_style (void)
{
  g_autoptr (GtkCssProvider) provider = gtk_css_provider_new ();

  gtk_css_provider_load_from_resource (provider, "/org/innkeeper/Innkeeper/style.css");
  gtk_style_context_add_provider_for_display (gdk_display_get_default (),
                                              GTK_STYLE_PROVIDER (provider),
                                              GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
}

int
main (int argc, char **argv)
{
  gtk_test_init (&argc, &argv, NULL);
  adw_init ();
  load_style ();
#define ADD(name, function) g_test_add ("/create/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("iso", test_iso);
  ADD ("failed", test_failed);
  ADD ("cancel", test_cancel);
  ADD ("job-failed", test_job_failed);
  ADD ("disk", test_disk);
  ADD ("unhappy", test_unhappy);
  ADD ("system", test_system);
  ADD ("edit", test_edit);
  ADD ("kernel", test_kernel);
  return g_test_run ();
}
