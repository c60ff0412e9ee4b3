/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The Guest tab. All that it shows was said by a guest: plain text, never markup. */
#include "guest/inn-guest-view.h"

#include "client/inn-guest.h"
#include "guest/inn-guest-rows.h"
#include "guest/inn-password-dialog.h"
#include "inn-report.h"
#include "inn-seen.h"

#include <glib/gi18n.h>
#include <string.h>

struct _InnGuestView
{
  GtkWidget parent_instance;

  GtkStack *stack; /* off, failed, waiting, silent, guest */
  AdwStatusPage *off, *failed;
  AdwPreferencesGroup *system_group, *users_group, *network_group, *disks_group;
  GtkWidget *trim_button, *time_button;

  InnGuestRows system, users, network, disks;
  InnMachine *machine;
  InnGuest *guest;       /* of machine, which keeps it */
  GSignalGroup *signals; /* of guest */
  GSignalGroup *machine_signals;
};

G_DEFINE_FINAL_TYPE (InnGuestView, inn_guest_view, GTK_TYPE_WIDGET)

/* ---- what it says ---- */

static void
show_system (InnGuestView *self)
{
  static const struct
  {
    const char *what, *title;
  } rows[] = {
    { "hostname", N_ ("Name") },
    { "os-name", N_ ("System") },
    { "kernel", N_ ("Kernel") },
    { "version", N_ ("Guest Agent") },
  };

  inn_guest_rows_begin (&self->system);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const char *text = inn_guest_get_text (self->guest, rows[i].what);

      if (*text != '\0')
        inn_guest_rows_add (&self->system, _ (rows[i].title), "", text, -1);
    }
  inn_guest_rows_end (&self->system, NULL);
}

static char *
dup_since (guint64 microseconds)
{
  g_autoptr (GDateTime) then =
      microseconds > 0 ? g_date_time_new_from_unix_local ((gint64)(microseconds / G_USEC_PER_SEC))
                       : NULL;
  g_autofree char *when = then != NULL ? g_date_time_format (then, "%x %H:%M") : NULL;

  /* Translators: %s is a date and a time. */
  return when != NULL ? g_strdup_printf (_ ("since %s"), when) : g_strdup ("");
}

static void
show_users (InnGuestView *self)
{
  g_autoptr (GVariant) users = inn_guest_get_list (self->guest, "users");
  const gsize n = users != NULL ? g_variant_n_children (users) : 0;

  inn_guest_rows_begin (&self->users);
  for (gsize i = 0; i < n; i++)
    {
      const char *name;
      guint64 when;
      g_autofree char *since = NULL;

      g_variant_get_child (users, i, "(&st)", &name, &when);
      since = dup_since (when);
      inn_guest_rows_add (&self->users, name, "", since, -1);
    }
  inn_guest_rows_end (&self->users, _ ("Nobody is logged in"));
}

/* Each guest has one that leads to itself: it tells nobody anything. */
static gboolean
is_loopback (const char *mac, const char *const *addresses)
{
  for (gsize i = 0; addresses[i] != NULL; i++)
    if (!g_str_has_prefix (addresses[i], "127.") && !g_str_has_prefix (addresses[i], "::1/"))
      return FALSE;
  return addresses[0] != NULL || strspn (mac, "0:") == strlen (mac);
}

static void
show_network (InnGuestView *self)
{
  g_autoptr (GVariant) cards = inn_guest_get_list (self->guest, "cards");
  const gsize n = cards != NULL ? g_variant_n_children (cards) : 0;

  inn_guest_rows_begin (&self->network);
  for (gsize i = 0; i < n; i++)
    {
      const char *name, *mac;
      g_autofree const char **addresses = NULL;
      g_autofree char *text = NULL;

      g_variant_get_child (cards, i, "(&s&s^a&s)", &name, &mac, &addresses);
      if (is_loopback (mac, addresses))
        continue;
      text = g_strjoinv ("\n", (char **)addresses);
      inn_guest_rows_add (&self->network, name, mac, *text != '\0' ? text : _ ("no address"), -1);
    }
  inn_guest_rows_end (&self->network, cards != NULL ? _ ("No network card") : NULL);
}

static char *
dup_size (guint64 bytes)
{
  return g_format_size_full (bytes, G_FORMAT_SIZE_IEC_UNITS);
}

static void
show_disks (InnGuestView *self)
{
  g_autoptr (GVariant) disks = inn_guest_get_list (self->guest, "disks");
  const gsize n = disks != NULL ? g_variant_n_children (disks) : 0;

  inn_guest_rows_begin (&self->disks);
  for (gsize i = 0; i < n; i++)
    {
      const char *place, *type;
      guint64 used, total;
      g_autofree char *of = NULL;
      g_autofree char *all = NULL;
      g_autofree char *text = NULL;

      g_variant_get_child (disks, i, "(&s&stt)", &place, &type, &used, &total);
      of = dup_size (used);
      all = dup_size (total);
      /* Translators: bytes used and in all, as "1.2 GiB of 20.0 GiB". */
      text = total > 0 ? g_strdup_printf (_ ("%s of %s"), of, all) : g_strdup ("");
      inn_guest_rows_add (&self->disks, place, type, text,
                          total > 0 ? (double)used / (double)total : -1);
    }
  inn_guest_rows_end (&self->disks, disks != NULL ? _ ("No disk is mounted") : NULL);
}

static void
show_failed (InnGuestView *self, const GError *error)
{
  g_autofree char *escaped = g_markup_escape_text (error->message, -1);

  adw_status_page_set_description (self->failed, escaped);
  gtk_stack_set_visible_child_name (self->stack, "failed");
}

static void
show (InnGuestView *self)
{
  const InnState state =
      self->machine != NULL ? inn_machine_get_state (self->machine) : INN_STATE_OFF;

  if (state != INN_STATE_RUNNING || self->guest == NULL)
    {
      adw_status_page_set_description (
          self->off, state == INN_STATE_PAUSED
                         ? _ ("The machine is paused. Resume it to see what its system says.")
                         : _ ("The machine is not running. Start it to see what its system says."));
      gtk_stack_set_visible_child_name (self->stack,
                                        state == INN_STATE_RUNNING ? "waiting" : "off");
    }
  else if (inn_guest_get_error (self->guest) != NULL)
    show_failed (self, inn_guest_get_error (self->guest));
  else if (inn_guest_get_state (self->guest) == INN_GUEST_PRESENT)
    {
      show_system (self);
      show_users (self);
      show_network (self);
      show_disks (self);
      gtk_stack_set_visible_child_name (self->stack, "guest");
    }
  else
    gtk_stack_set_visible_child_name (
        self->stack, inn_guest_get_state (self->guest) == INN_GUEST_SILENT ? "silent" : "waiting");
}

/* ---- what it can be asked to do ---- */

static void
on_password_clicked (InnGuestView *self)
{
  g_autoptr (GVariant) users = inn_guest_get_list (self->guest, "users");
  const char *user = "";

  if (users != NULL && g_variant_n_children (users) > 0)
    g_variant_get_child (users, 0, "(&st)", &user, NULL);
  inn_password_dialog_show (GTK_WIDGET (self), self->guest, inn_machine_get_name (self->machine),
                            user);
}

static void
on_trimmed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (InnGuestView) self = data;
  g_autoptr (GError) error = NULL;

  gtk_widget_set_sensitive (self->trim_button, TRUE);
  if (inn_guest_do_finish (INN_GUEST (source), result, &error))
    inn_report_note (GTK_WIDGET (self), _ ("Unused space is given back"));
  else
    inn_report_error (GTK_WIDGET (self), _ ("Unused space could not be given back"), error);
}

static void
on_trim_clicked (InnGuestView *self)
{
  gtk_widget_set_sensitive (self->trim_button, FALSE);
  inn_guest_trim_async (self->guest, NULL, on_trimmed, g_object_ref (self));
}

static void
on_time_set (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (InnGuestView) self = data;
  g_autoptr (GError) error = NULL;

  gtk_widget_set_sensitive (self->time_button, TRUE);
  if (inn_guest_do_finish (INN_GUEST (source), result, &error))
    inn_report_note (GTK_WIDGET (self), _ ("The guest’s clock is set"));
  else
    inn_report_error (GTK_WIDGET (self), _ ("The guest’s clock could not be set"), error);
}

static void
on_time_clicked (InnGuestView *self)
{
  gtk_widget_set_sensitive (self->time_button, FALSE);
  inn_guest_set_time_async (self->guest, NULL, on_time_set, g_object_ref (self));
}

/* ---- whose, and when ---- */

static void
want (InnGuestView *self)
{
  if (self->guest != NULL)
    inn_guest_want (self->guest, inn_seen_is (GTK_WIDGET (self)));
}

static void
take_guest (InnGuestView *self)
{
  InnGuest *guest = self->machine != NULL ? inn_machine_get_guest (self->machine) : NULL;

  if (self->guest == guest)
    return;
  if (self->guest != NULL)
    inn_guest_want (self->guest, FALSE);
  g_set_object (&self->guest, guest);
  g_signal_group_set_target (self->signals, guest);
}

static void
inn_guest_view_map (GtkWidget *widget)
{
  InnGuestView *self = INN_GUEST_VIEW (widget);

  GTK_WIDGET_CLASS (inn_guest_view_parent_class)->map (widget);
  inn_seen_watch (widget, G_CALLBACK (want));
  take_guest (self);
  show (self);
  want (self);
}

static void
inn_guest_view_unmap (GtkWidget *widget)
{
  InnGuestView *self = INN_GUEST_VIEW (widget);

  inn_seen_forget (widget, G_CALLBACK (want));
  GTK_WIDGET_CLASS (inn_guest_view_parent_class)->unmap (widget);
  want (self);
}

static void
inn_guest_view_dispose (GObject *object)
{
  InnGuestView *self = INN_GUEST_VIEW (object);
  InnGuestRows *const rows[] = { &self->system, &self->users, &self->network, &self->disks };
  GtkWidget *child;

  if (self->guest != NULL)
    inn_guest_want (self->guest, FALSE);
  g_clear_object (&self->signals);
  g_clear_object (&self->machine_signals);
  g_clear_object (&self->guest);
  g_clear_object (&self->machine);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    inn_guest_rows_clear (rows[i]);
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self))) != NULL)
    gtk_widget_unparent (child);
  G_OBJECT_CLASS (inn_guest_view_parent_class)->dispose (object);
}

static void
inn_guest_view_class_init (InnGuestViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = inn_guest_view_dispose;
  widget_class->map = inn_guest_view_map;
  widget_class->unmap = inn_guest_view_unmap;
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/innkeeper/Innkeeper/guest/inn-guest-view.ui");
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_bind_template_child (widget_class, InnGuestView, stack);
  gtk_widget_class_bind_template_child (widget_class, InnGuestView, off);
  gtk_widget_class_bind_template_child (widget_class, InnGuestView, failed);
  gtk_widget_class_bind_template_child (widget_class, InnGuestView, system_group);
  gtk_widget_class_bind_template_child (widget_class, InnGuestView, users_group);
  gtk_widget_class_bind_template_child (widget_class, InnGuestView, network_group);
  gtk_widget_class_bind_template_child (widget_class, InnGuestView, disks_group);
  gtk_widget_class_bind_template_child (widget_class, InnGuestView, trim_button);
  gtk_widget_class_bind_template_child (widget_class, InnGuestView, time_button);
  gtk_widget_class_bind_template_callback (widget_class, on_password_clicked);
  gtk_widget_class_bind_template_callback (widget_class, on_trim_clicked);
  gtk_widget_class_bind_template_callback (widget_class, on_time_clicked);
}

static void
inn_guest_view_init (InnGuestView *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  inn_guest_rows_init (&self->system, self->system_group);
  inn_guest_rows_init (&self->users, self->users_group);
  inn_guest_rows_init (&self->network, self->network_group);
  inn_guest_rows_init (&self->disks, self->disks_group);
  self->signals = g_signal_group_new (INN_TYPE_GUEST);
  g_signal_group_connect_swapped (self->signals, "changed", G_CALLBACK (show), self);
  self->machine_signals = g_signal_group_new (INN_TYPE_MACHINE);
  g_signal_group_connect_swapped (self->machine_signals, "notify::state", G_CALLBACK (show), self);
}

void
inn_guest_view_set_machine (InnGuestView *self, InnMachine *machine)
{
  g_return_if_fail (INN_IS_GUEST_VIEW (self));

  if (!g_set_object (&self->machine, machine))
    return;
  g_signal_group_set_target (self->machine_signals, machine);
  if (gtk_widget_get_mapped (GTK_WIDGET (self)) || machine == NULL)
    take_guest (self);
  show (self);
  want (self);
}
