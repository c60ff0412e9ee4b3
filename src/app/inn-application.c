/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The application: its actions, its shortcuts, and the two connections that it offers. Knows no
 * widget but the window and the dialogs that belong to no machine. */
#include "inn-application.h"

#include "console/inn-display.h"
#include "inn-held-icons.h"
#include "inn-mime-dirs.h"
#include "inn-verbs.h"
#include "inn-window-size.h"
#include "inn-window.h"

#include <glib/gi18n.h>

struct _InnApplication
{
  AdwApplication parent_instance;

  InnConnection *session;
  InnConnection *system;
};

G_DEFINE_FINAL_TYPE (InnApplication, inn_application, ADW_TYPE_APPLICATION)

/* Served to a browser: drawn there, by a renderer of Broadway's own, and the page is the screen. */
static gboolean
is_broadway (GdkDisplay *display)
{
  return g_str_equal (G_OBJECT_TYPE_NAME (display), "GdkBroadwayDisplay");
}

static void
choose_renderer (void)
{
  GdkDisplay *display = gdk_display_get_default ();

  if (display != NULL && !is_broadway (display))
    inn_display_prefer_software (display);
}

static void
on_quit_activate (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  g_application_quit (G_APPLICATION (data));
}

static void
on_about_activate (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  adw_show_about_window (
      gtk_application_get_active_window (GTK_APPLICATION (data)), "application-name",
      _ ("Innkeeper"), "application-icon", INN_APP_ID, "version", INN_VERSION, "developer-name",
      _ ("The Innkeeper developers"), "license-type", GTK_LICENSE_GPL_3_0, "comments",
      _ ("Make and run virtual machines."), "copyright", "© 2026 The Innkeeper developers",
      "translator-credits", _ ("translator-credits"), NULL);
}

/* The main window that is used now, which may have a dialog before it; or NULL. */
static GtkWindow *
find_window (InnApplication *self)
{
  GtkWindow *window = gtk_application_get_active_window (GTK_APPLICATION (self));

  while (window != NULL && !INN_IS_WINDOW (window))
    window = gtk_window_get_transient_for (window);
  for (GList *l = gtk_application_get_windows (GTK_APPLICATION (self)); l != NULL && window == NULL;
       l = l->next)
    if (INN_IS_WINDOW (l->data))
      window = l->data;
  return window;
}

static void
show_window (InnApplication *self, GFile *file)
{
  GtkWindow *window = find_window (self);

  if (window == NULL)
    {
      window = GTK_WINDOW (inn_window_new (ADW_APPLICATION (self)));
      if (is_broadway (gtk_widget_get_display (GTK_WIDGET (window))))
        gtk_window_maximize (window);
      else
        inn_window_size_keep (window);
    }
  gtk_window_present (window);
  if (file != NULL)
    inn_window_create_from (INN_WINDOW (window), file);
}

static void
inn_application_activate (GApplication *application)
{
  show_window (INN_APPLICATION (application), NULL);
}

static void
inn_application_open (GApplication *application, GFile **files, int n_files, const char *hint)
{
  show_window (INN_APPLICATION (application), n_files > 0 ? files[0] : NULL);
}

static void
set_accels (GtkApplication *application)
{
  static const struct
  {
    const char *action;
    const char *accels[3];
  } table[] = {
    { "app.quit", { "<Primary>q" } },     { "win.show-help-overlay", { "<Primary>question" } },
    { "window.close", { "<Primary>w" } }, { "win.new", { "<Primary>n" } },
    { "win.search", { "<Primary>f" } },   { "win.tab::console", { "<Alt>1" } },
    { "win.tab::details", { "<Alt>2" } }, { "win.tab::performance", { "<Alt>3" } },
    { "win.tab::guest", { "<Alt>4" } },
  };
  const InnVerbAction *verbs;
  guint n_verbs;

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    gtk_application_set_accels_for_action (application, table[i].action, table[i].accels);

  verbs = inn_verb_actions (&n_verbs);
  for (guint i = 0; i < n_verbs; i++)
    {
      const char *accels[] = { verbs[i].accel, NULL };
      g_autofree char *action = g_strconcat ("win.", verbs[i].action, NULL);

      if (verbs[i].accel != NULL)
        gtk_application_set_accels_for_action (application, action, accels);
    }
}

static void
inn_application_startup (GApplication *application)
{
  static const GActionEntry actions[] = {
    { .name = "quit", .activate = on_quit_activate },
    { .name = "about", .activate = on_about_activate },
  };

  G_APPLICATION_CLASS (inn_application_parent_class)->startup (application);
  inn_held_icons_begin ();
  inn_mime_dirs_begin ();
  choose_renderer ();
  gtk_window_set_default_icon_name (INN_APP_ID);
  g_action_map_add_action_entries (G_ACTION_MAP (application), actions, G_N_ELEMENTS (actions),
                                   application);
  set_accels (GTK_APPLICATION (application));
}

static int
inn_application_handle_local_options (GApplication *application, GVariantDict *options)
{
  if (!g_variant_dict_contains (options, "version"))
    return -1;
  g_print ("innkeeper %s\n", INN_VERSION);
  return 0;
}

static void
inn_application_dispose (GObject *object)
{
  InnApplication *self = INN_APPLICATION (object);

  g_clear_object (&self->session);
  g_clear_object (&self->system);
  G_OBJECT_CLASS (inn_application_parent_class)->dispose (object);
}

static void
inn_application_class_init (InnApplicationClass *klass)
{
  GApplicationClass *application_class = G_APPLICATION_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = inn_application_dispose;
  application_class->activate = inn_application_activate;
  application_class->handle_local_options = inn_application_handle_local_options;
  application_class->open = inn_application_open;
  application_class->startup = inn_application_startup;
}

static void
inn_application_init (InnApplication *self)
{
  GApplication *application = G_APPLICATION (self);

  g_application_add_main_option (application, "version", 'v', G_OPTION_FLAG_NONE, G_OPTION_ARG_NONE,
                                 N_ ("Print the version and end"), NULL);
  g_application_set_option_context_parameter_string (application, _ ("[FILE]"));
  g_application_set_option_context_summary (
      application, _ ("Make and run virtual machines. FILE is an ISO or disk image to make one of, "
                      "or a definition of libvirt’s."));
}

InnApplication *
inn_application_new (void)
{
  return g_object_new (INN_TYPE_APPLICATION, "application-id", INN_APP_ID, "flags",
                       G_APPLICATION_HANDLES_OPEN, "resource-base-path", "/org/innkeeper/Innkeeper",
                       NULL);
}

InnConnection *
inn_application_get_connection (InnApplication *self, GBusType bus_type)
{
  InnConnection **connection = bus_type == G_BUS_TYPE_SYSTEM ? &self->system : &self->session;

  if (*connection == NULL)
    *connection = inn_connection_new (bus_type);
  return *connection;
}
