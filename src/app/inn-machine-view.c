/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The chosen machine. Knows the tabs that stand in it, not the list it was chosen from. */
#include "inn-machine-view.h"

#include "console/inn-console-view.h"
#include "details/inn-details-view.h"
#include "guest/inn-guest-view.h"
#include "inn-banner.h"
#include "inn-empty-page.h"
#include "inn-still-bin.h"
#include "inn-verbs.h"
#include "performance/inn-performance-view.h"

#include <glib/gi18n.h>

struct _InnMachineView
{
  GtkWidget parent_instance;

  AdwHeaderBar *header;
  GtkWidget *back_button;
  GtkStack *stack;
  AdwViewSwitcherTitle *switcher;
  AdwViewStack *tabs;
  InnConsoleView *console;
  InnDetailsView *details;
  InnGuestView *guest;
  InnPerformanceView *performance;
  InnBanner *banner;
  InnEmptyPage *empty;
  GtkMenuButton *menu_button;
  GtkBox *verbs;

  InnMachine *machine;
  GSignalGroup *signals;
  gboolean told; /* of TCG: a person has read it, and it is the same for all machines */
};

G_DEFINE_FINAL_TYPE (InnMachineView, inn_machine_view, GTK_TYPE_WIDGET)

enum
{
  BACK,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

/* Without KVM a guest is many times slower: say why, and what to do about it. */
static void
show_banner (InnMachineView *self)
{
  g_autofree char *accelerator = NULL;
  g_autofree char *reason = NULL;
  g_autofree char *text = NULL;
  g_autoptr (GVariant) host_reason = NULL;
  g_autoptr (GVariant) remedy = NULL;
  InnConnection *connection;
  const char *help = "";

  if (self->machine == NULL)
    return;
  g_object_get (self->machine, "accelerator", &accelerator, "accelerator-reason", &reason, NULL);
  if (self->told || g_strcmp0 (accelerator, "tcg") != 0)
    {
      inn_banner_set (self->banner, NULL, NULL);
      return;
    }
  connection = inn_machine_get_connection (self->machine);
  host_reason = inn_connection_get_host (connection, "AcceleratorReason");
  remedy = inn_connection_get_host (connection, "AcceleratorRemedy");
  /* What mends the computer does not mend what was chosen for the machine. */
  if (host_reason != NULL && remedy != NULL &&
      g_strcmp0 (reason, g_variant_get_string (host_reason, NULL)) == 0)
    help = g_variant_get_string (remedy, NULL);
  text = g_strdup_printf ("%s %s %s", _ ("This machine runs slowly, without KVM."), reason, help);
  inn_banner_set (self->banner, g_strchomp (text), _ ("_Hide"));
}

static void
show_title (InnMachineView *self)
{
  if (self->machine == NULL)
    return;
  adw_view_switcher_title_set_title (self->switcher, inn_machine_get_name (self->machine));
}

static void
on_machine_bind (InnMachineView *self)
{
  show_title (self);
  show_banner (self);
}

static void
on_banner_clicked (InnMachineView *self)
{
  self->told = TRUE;
  show_banner (self);
}

static void
on_back_clicked (InnMachineView *self)
{
  g_signal_emit (self, signals[BACK], 0);
}

static void
inn_machine_view_dispose (GObject *object)
{
  InnMachineView *self = INN_MACHINE_VIEW (object);
  GtkWidget *child;

  g_clear_object (&self->signals);
  g_clear_object (&self->machine);
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self))) != NULL)
    gtk_widget_unparent (child);
  G_OBJECT_CLASS (inn_machine_view_parent_class)->dispose (object);
}

static void
inn_machine_view_class_init (InnMachineViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = inn_machine_view_dispose;
  signals[BACK] = g_signal_new ("back", INN_TYPE_MACHINE_VIEW, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                NULL, G_TYPE_NONE, 0);
  g_type_ensure (INN_TYPE_BANNER);
  g_type_ensure (INN_TYPE_STILL_BIN);
  g_type_ensure (INN_TYPE_DETAILS_VIEW);
  g_type_ensure (INN_TYPE_EMPTY_PAGE);
  g_type_ensure (INN_TYPE_CONSOLE_VIEW);
  g_type_ensure (INN_TYPE_GUEST_VIEW);
  g_type_ensure (INN_TYPE_PERFORMANCE_VIEW);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/innkeeper/Innkeeper/inn-machine-view.ui");
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_bind_template_child (widget_class, InnMachineView, header);
  gtk_widget_class_bind_template_child (widget_class, InnMachineView, back_button);
  gtk_widget_class_bind_template_child (widget_class, InnMachineView, stack);
  gtk_widget_class_bind_template_child (widget_class, InnMachineView, switcher);
  gtk_widget_class_bind_template_child (widget_class, InnMachineView, tabs);
  gtk_widget_class_bind_template_child (widget_class, InnMachineView, console);
  gtk_widget_class_bind_template_child (widget_class, InnMachineView, details);
  gtk_widget_class_bind_template_child (widget_class, InnMachineView, guest);
  gtk_widget_class_bind_template_child (widget_class, InnMachineView, performance);
  gtk_widget_class_bind_template_child (widget_class, InnMachineView, banner);
  gtk_widget_class_bind_template_child (widget_class, InnMachineView, empty);
  gtk_widget_class_bind_template_child (widget_class, InnMachineView, menu_button);
  gtk_widget_class_bind_template_child (widget_class, InnMachineView, verbs);
  gtk_widget_class_bind_template_callback (widget_class, on_back_clicked);
  gtk_widget_class_bind_template_callback (widget_class, on_banner_clicked);
}

static void
inn_machine_view_init (InnMachineView *self)
{
  g_autoptr (GMenuModel) menu = inn_verb_menu_new ();

  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_menu_button_set_menu_model (self->menu_button, menu);
  inn_verb_add_buttons (self->verbs);
  self->signals = g_signal_group_new (INN_TYPE_MACHINE);
  g_signal_connect_swapped (self->signals, "bind", G_CALLBACK (on_machine_bind), self);
  g_signal_group_connect_swapped (self->signals, "notify::name", G_CALLBACK (show_title), self);
  g_signal_group_connect_swapped (self->signals, "notify::accelerator", G_CALLBACK (show_banner),
                                  self);
}

void
inn_machine_view_set_machine (InnMachineView *self, InnMachine *machine)
{
  g_return_if_fail (INN_IS_MACHINE_VIEW (self));

  if (!g_set_object (&self->machine, machine))
    return;
  g_signal_group_set_target (self->signals, machine);
  inn_console_view_set_machine (self->console, machine);
  inn_details_view_set_machine (self->details, machine);
  inn_guest_view_set_machine (self->guest, machine);
  inn_performance_view_set_machine (self->performance, machine);
  gtk_stack_set_visible_child_name (self->stack, machine != NULL ? "machine" : "none");
  gtk_widget_set_visible (GTK_WIDGET (self->menu_button), machine != NULL);
  gtk_widget_set_visible (GTK_WIDGET (self->switcher), machine != NULL);
  gtk_widget_set_visible (GTK_WIDGET (self->verbs), machine != NULL);
}

InnMachine *
inn_machine_view_get_machine (InnMachineView *self)
{
  g_return_val_if_fail (INN_IS_MACHINE_VIEW (self), NULL);

  return self->machine;
}

void
inn_machine_view_show_tab (InnMachineView *self, const char *name)
{
  g_return_if_fail (INN_IS_MACHINE_VIEW (self));

  adw_view_stack_set_visible_child_name (self->tabs, name);
}

void
inn_machine_view_set_folded (InnMachineView *self, gboolean folded)
{
  g_return_if_fail (INN_IS_MACHINE_VIEW (self));

  gtk_widget_set_visible (self->back_button, folded);
}

void
inn_machine_view_set_connection (InnMachineView *self, InnConnection *connection)
{
  g_return_if_fail (INN_IS_MACHINE_VIEW (self));

  inn_empty_page_set_connection (self->empty, connection);
}
