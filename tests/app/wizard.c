/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "wizard.h"

#include "inn-banner.h"

#include <gio/gunixfdlist.h>
#include <string.h>

#define MACHINE_PATH INN_MACHINES_PATH "/new"

void
wizard_wait (gboolean (*condition) (Fixture *fixture), Fixture *fixture)
{
  gint64 end = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;

  while (!condition (fixture))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, end);
      if (!g_main_context_iteration (NULL, FALSE))
        g_usleep (2000);
    }
}

void
wizard_settle (void)
{
  gint64 end = g_get_monotonic_time () + 400 * 1000;

  while (g_get_monotonic_time () < end)
    if (!g_main_context_iteration (NULL, FALSE))
      g_usleep (2000);
}

static void
add_job (Fixture *fixture, const char *state, const char *error_name, const char *message)
{
  fake_helper_add (fixture->fake, WIZARD_JOB_PATH, INN_IFACE_JOB,
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
                                         g_variant_new ("(oo)", MACHINE_PATH, WIZARD_JOB_PATH));
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
      fake_helper_change (fake, WIZARD_JOB_PATH, INN_IFACE_JOB, "ErrorName",
                          g_variant_new_string ("org.innkeeper.Error.Cancelled"));
      fake_helper_change (fake, WIZARD_JOB_PATH, INN_IFACE_JOB, "State",
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
  fixture->dialog = inn_create_dialog_new (NULL, fixture->connection);
  g_signal_connect_swapped (fixture->dialog, "created", G_CALLBACK (on_created), fixture);
  g_signal_connect_swapped (fixture->dialog, "destroy", G_CALLBACK (on_destroyed), fixture);
  gtk_window_present (GTK_WINDOW (fixture->dialog));
  if (file != NULL)
    inn_create_dialog_open (INN_CREATE_DIALOG (fixture->dialog), file);
}

void
wizard_set_up (Fixture *fixture, gconstpointer data)
{
  fixture->folder = g_dir_make_tmp ("inn-create-XXXXXX", NULL);
  fixture->facts = g_variant_ref_sink (g_variant_new_parsed (
      "{'format': <'vmdk'>, 'virtual-size': <uint64 1073741824>, 'file-size': <uint64 65536>}"));
  fixture->fake = fake_helper_new (INN_PROTOCOL, 2, answer, fixture);
  fixture->connection = inn_connection_new (G_BUS_TYPE_SESSION);
  wizard_wait (is_ready, fixture);
  open_dialog (fixture, NULL);
}

gboolean
wizard_is_closed (Fixture *fixture)
{
  return fixture->dialog == NULL;
}

void
wizard_tear_down (Fixture *fixture, gconstpointer data)
{
  const char *const argv[] = { "rm", "-rf", "--", fixture->folder, NULL };

  if (fixture->dialog != NULL)
    gtk_window_destroy (GTK_WINDOW (fixture->dialog));
  wizard_wait (wizard_is_closed, fixture);
  wizard_settle ();
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

gboolean
wizard_says (GtkWidget *widget, const char *text)
{
  GtkWidget *child;

  if (GTK_IS_LABEL (widget) && strstr (gtk_label_get_label (GTK_LABEL (widget)), text) != NULL)
    return TRUE;
  for (child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    if (gtk_widget_get_visible (child) && wizard_says (child, text))
      return TRUE;
  return FALSE;
}

GtkWidget *
wizard_find (GtkWidget *root, GType type, const char *text)
{
  for (GtkWidget *child = gtk_widget_get_first_child (root); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = wizard_find (child, type, text);

      if (found != NULL)
        return found;
      if (g_type_is_a (G_OBJECT_TYPE (child), type) && (text == NULL || wizard_says (child, text)))
        return child;
    }
  return NULL;
}

GtkWidget *
wizard_need (Fixture *fixture, GType type, const char *text)
{
  GtkWidget *found = wizard_find (fixture->dialog, type, text);

  if (found == NULL)
    g_error ("no %s that says “%s”", g_type_name (type), text);
  return found;
}

void
wizard_press (Fixture *fixture, const char *text)
{
  GtkWidget *button = wizard_need (fixture, GTK_TYPE_BUTTON, text);

  g_assert_true (gtk_widget_is_sensitive (button));
  g_signal_emit_by_name (button, "clicked");
}

static GtkStack *
stack_of (Fixture *fixture)
{
  return GTK_STACK (
      gtk_widget_get_template_child (fixture->dialog, INN_TYPE_CREATE_DIALOG, "stack"));
}

const char *
wizard_page (Fixture *fixture)
{
  return gtk_stack_get_visible_child_name (stack_of (fixture));
}

gboolean
wizard_is_summary (Fixture *fixture)
{
  return fixture->dialog != NULL && g_str_equal (wizard_page (fixture), "summary");
}

gboolean
wizard_is_source (Fixture *fixture)
{
  return fixture->dialog != NULL && g_str_equal (wizard_page (fixture), "source");
}

gboolean
wizard_is_busy (Fixture *fixture)
{
  return g_str_equal (wizard_page (fixture), "busy") &&
         wizard_says (fixture->dialog, "Copying the disk image");
}

static gboolean
wizard_is_created (Fixture *fixture)
{
  return fixture->created != NULL;
}

const char *
wizard_banner (Fixture *fixture)
{
  InnBanner *widget = INN_BANNER (
      gtk_widget_get_template_child (fixture->dialog, INN_TYPE_CREATE_DIALOG, "banner"));

  return inn_banner_get_text (widget);
}

gboolean
wizard_has_banner (Fixture *fixture)
{
  return wizard_banner (fixture) != NULL;
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

      wizard_settle ();
      gdk_paintable_snapshot (paintable, snapshot, gdk_paintable_get_intrinsic_width (paintable),
                              gdk_paintable_get_intrinsic_height (paintable));
      node = gtk_snapshot_to_node (snapshot);
    }
  texture = gsk_renderer_render_texture (gtk_native_get_renderer (GTK_NATIVE (fixture->dialog)),
                                         node, NULL);
  g_assert_true (gdk_texture_save_to_png (texture, path));
}

void
wizard_shoot (Fixture *fixture, const char *name)
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

GFile *
wizard_make_file (Fixture *fixture, const char *name, const char *data, gsize length)
{
  g_autofree char *path = g_build_filename (fixture->folder, name, NULL);

  g_assert_true (g_file_set_contents (path, data, (gssize)length, NULL));
  return g_file_new_for_path (path);
}

GFile *
wizard_make_iso (Fixture *fixture, const char *name, const char *label)
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

void
wizard_reopen (Fixture *fixture, GFile *file)
{
  gtk_window_destroy (GTK_WINDOW (fixture->dialog));
  wizard_wait (wizard_is_closed, fixture);
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

void
wizard_assert_made (Fixture *fixture, const char *kind, const char *field, const char *wanted)
{
  g_autofree char *value = dup_field (fixture, kind, field);

  g_assert_cmpstr (value, ==, wanted);
}

void
wizard_end_job (Fixture *fixture)
{
  fake_helper_change (fixture->fake, WIZARD_JOB_PATH, INN_IFACE_JOB, "State",
                      g_variant_new_string ("done"));
  wizard_wait (wizard_is_created, fixture);
  g_assert_cmpstr (fixture->created, ==, MACHINE_PATH);
  wizard_wait (wizard_is_closed, fixture);
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

void
wizard_init (int *argc, char ***argv)
{
  gtk_test_init (argc, argv, NULL);
  adw_init ();
  load_style ();
}
