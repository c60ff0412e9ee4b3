/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The Details tab. Knows pages and the draft; what a page holds is the schema's. */
#include "inn-details-view.h"

#include "details/inn-add-dialog.h"
#include "details/inn-element-page.h"
#include "details/inn-hardware-list.h"
#include "details/inn-hardware-row.h"
#include "details/inn-hardware.h"
#include "details/inn-xml-view.h"
#include "inn-report.h"

#include <glib/gi18n.h>

/* Bytes; an image takes only the room of what is in it. */
#define NEW_DISK_SIZE (G_GUINT64_CONSTANT (20) << 30)

struct _InnDetailsView
{
  GtkWidget parent_instance;

  GtkStack *stack; /* loading, failed, details */
  AdwStatusPage *failed;
  AdwLeaflet *leaflet;
  GtkListBox *list;
  GtkWidget *page_bar;
  GtkLabel *page_title;
  GtkStack *pages;
  GtkRevealer *bar;
  GtkLabel *bar_text;
  GtkButton *apply_button;
  GtkButton *discard_button;

  InnDraft *draft; /* of machine, once the view has been mapped with it */
  GSignalGroup *draft_signals;
  GSignalGroup *connection_signals; /* of machine */
  InnMachine *machine;
  GHashTable *kept;  /* InnMachine → InnDraft: of machines left with changes not applied */
  char *shown;       /* id of the row that was chosen last */
  char *problem;     /* why the last Apply was refused; NULL after the next edit */
  guint commit_idle; /* the XML is left: it becomes the document */
};

G_DEFINE_FINAL_TYPE (InnDetailsView, inn_details_view, GTK_TYPE_WIDGET)

static void rebuild (InnDetailsView *self);

/* A page lives on while it is in the middle of a signal; what it shows may not: disposed of, it
 * looks no more. */
static void
pages_clear (InnDetailsView *self)
{
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->pages))) != NULL)
    {
      g_autoptr (GtkWidget) page = g_object_ref (child);

      gtk_stack_remove (self->pages, page);
      g_object_run_dispose (G_OBJECT (page));
    }
}

static void
on_page_remove (InnDetailsView *self, GtkWidget *page)
{
  InnElement *element = inn_element_copy (inn_element_page_get_element (INN_ELEMENT_PAGE (page)));

  /* First what shows it: the draft tells of its change when the element is gone. */
  pages_clear (self);
  inn_hardware_list_clear (self->list);
  inn_draft_remove (self->draft, element);
  inn_element_free (element);
  rebuild (self);
}

/* The page of an element, made when first shown and kept, with what was typed, until the list is
 * another one. */
static GtkWidget *
page_for (InnDetailsView *self, GtkListBoxRow *row)
{
  GtkWidget *page = g_object_get_data (G_OBJECT (row), "inn-page");

  if (page != NULL)
    return page;
  if (inn_hardware_row_get_element (row) != NULL)
    {
      page = inn_element_page_new (self->draft, inn_hardware_row_get_element (row));
      g_signal_connect_object (page, "remove", G_CALLBACK (on_page_remove), self,
                               G_CONNECT_SWAPPED);
    }
  else
    page = inn_xml_view_new (self->draft);
  gtk_stack_add_child (self->pages, page);
  g_object_set_data (G_OBJECT (row), "inn-page", page);
  return page;
}

static void
show_row (InnDetailsView *self, GtkListBoxRow *row)
{
  GtkWidget *page = page_for (self, row);

  g_free (self->shown);
  self->shown = inn_hardware_row_dup_id (row);
  if (INN_IS_XML_VIEW (page))
    inn_xml_view_show (INN_XML_VIEW (page));
  gtk_label_set_label (self->page_title, adw_preferences_row_get_title (ADW_PREFERENCES_ROW (row)));
  gtk_stack_set_visible_child (self->pages, page);
}

static gboolean
on_commit_idle (gpointer data)
{
  InnDetailsView *self = INN_DETAILS_VIEW (data);
  GtkListBoxRow *row = gtk_list_box_get_selected_row (self->list);
  g_autofree char *wanted = row != NULL ? inn_hardware_row_dup_id (row) : NULL;
  g_autoptr (GError) error = NULL;

  self->commit_idle = 0;
  if (inn_draft_commit_text (self->draft, &error)) /* "loaded": a new list */
    {
      if (wanted != NULL)
        inn_details_view_show (self, wanted);
      return G_SOURCE_REMOVE;
    }
  inn_details_view_show (self, INN_HARDWARE_ROW_XML);
  inn_xml_view_show_error (INN_XML_VIEW (inn_details_view_get_page (self)), error);
  return G_SOURCE_REMOVE;
}

static void
on_row_selected (InnDetailsView *self, GtkListBoxRow *row)
{
  if (row == NULL || self->draft == NULL)
    return;
  if (inn_draft_has_text (self->draft) && inn_hardware_row_get_element (row) != NULL)
    {
      /* Pages and text are one document: the text must parse before another page shows it. Later:
       * the list is in the middle of choosing, and a new document makes a new list. */
      if (self->commit_idle == 0)
        self->commit_idle = g_idle_add (on_commit_idle, self);
      return;
    }
  show_row (self, row);
}

static void
on_row_activated (InnDetailsView *self)
{
  /* Beside the list the page is seen anyway, and need not take the focus from it. */
  if (adw_leaflet_get_folded (self->leaflet))
    adw_leaflet_set_visible_child_name (self->leaflet, "page");
}

static void
on_back_clicked (InnDetailsView *self)
{
  adw_leaflet_set_visible_child_name (self->leaflet, "list");
}

static void
on_folded_notify (InnDetailsView *self)
{
  gtk_widget_set_visible (self->page_bar, adw_leaflet_get_folded (self->leaflet));
}

static void
show_bar (InnDetailsView *self)
{
  gboolean dirty = inn_draft_is_dirty (self->draft);
  gboolean outdated = dirty && inn_draft_is_outdated (self->draft);
  const char *text = _ ("Changes are not applied yet.");

  if (inn_draft_is_busy (self->draft))
    text = _ ("Applying…");
  else if (self->problem != NULL)
    text = self->problem;
  else if (outdated)
    text = _ ("This machine was changed elsewhere meanwhile. Discard your changes to see it.");
  else if (!inn_draft_can_apply (self->draft))
    text = _ ("A value cannot be as it is; its row says why.");
  else if (inn_machine_get_state (self->machine) != INN_STATE_OFF)
    text = _ ("Changes are not applied yet. What cannot change now waits for the next restart.");
  gtk_label_set_label (self->bar_text, text);
  if (self->problem != NULL)
    gtk_widget_add_css_class (GTK_WIDGET (self->bar_text), "error");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self->bar_text), "error");
  gtk_widget_set_sensitive (GTK_WIDGET (self->apply_button),
                            inn_draft_can_apply (self->draft) && !outdated);
  gtk_widget_set_sensitive (GTK_WIDGET (self->discard_button), !inn_draft_is_busy (self->draft));
  /* A password may be asked for meanwhile, for minutes: what is typed into rows that are being
   * applied would not be in what is applied. */
  gtk_widget_set_sensitive (GTK_WIDGET (self->leaflet), !inn_draft_is_busy (self->draft));
  gtk_revealer_set_reveal_child (self->bar, dirty || inn_draft_is_busy (self->draft));
}

static void
on_draft_edited (InnDetailsView *self)
{
  GtkListBoxRow *row = gtk_list_box_get_selected_row (self->list);

  if (!inn_draft_is_busy (self->draft))
    g_clear_pointer (&self->problem, g_free);
  if (row != NULL && inn_draft_get_domain (self->draft) != NULL)
    inn_hardware_row_show (row);
  show_bar (self);
}

static void
on_draft_waiting (InnDetailsView *self)
{
  inn_hardware_list_show_waiting (self->list, self->draft);
  show_bar (self);
}

/* A new list for the document as it is, with the page that was shown before if it is still there.
 */
static void
rebuild (InnDetailsView *self)
{
  g_autofree char *shown = g_strdup (self->shown);

  pages_clear (self);
  inn_hardware_list_clear (self->list);
  if (inn_draft_get_domain (self->draft) == NULL)
    {
      gtk_stack_set_visible_child_name (self->stack, "loading");
      return;
    }
  inn_hardware_list_fill (self->list, self->draft);
  gtk_stack_set_visible_child_name (self->stack, "details");
  if (shown == NULL || !inn_details_view_show (self, shown))
    gtk_list_box_select_row (self->list, gtk_list_box_get_row_at_index (self->list, 0));
  show_bar (self);
}

static void
on_draft_failed (InnDetailsView *self, const GError *error)
{
  g_autofree char *text = g_markup_escape_text (error->message, -1);

  adw_status_page_set_description (self->failed, text);
  gtk_stack_set_visible_child_name (self->stack, "failed");
}

static void
on_retry_clicked (InnDetailsView *self)
{
  gtk_stack_set_visible_child_name (self->stack, "loading");
  inn_draft_load (self->draft);
}

/* What the helper could not tell, its successor may. */
static void
on_connection_state (InnDetailsView *self, GParamSpec *pspec, InnConnection *connection)
{
  if (inn_connection_get_state (connection) == INN_CONNECTION_READY && self->draft != NULL &&
      g_strcmp0 (gtk_stack_get_visible_child_name (self->stack), "failed") == 0)
    on_retry_clicked (self);
}

static void
tell_changes (InnDetailsView *self, GVariant *changes)
{
  g_autofree char *text = NULL;
  GVariantIter iter;
  const char *when;
  guint waiting = 0;

  g_variant_iter_init (&iter, changes);
  while (g_variant_iter_loop (&iter, "(&s&s&s)", NULL, &when, NULL))
    waiting += g_str_equal (when, "restart");
  if (waiting > 0 && inn_machine_get_state (self->machine) != INN_STATE_OFF)
    text = g_strdup_printf (g_dngettext (GETTEXT_PACKAGE,
                                         "Saved. %u change waits for the next restart.",
                                         "Saved. %u changes wait for the next restart.", waiting),
                            waiting);
  else
    text = g_strdup (_ ("Saved."));
  inn_report_note (GTK_WIDGET (self), text);
}

/* Another machine is looked at by now: nothing here says which one this is about. */
static void
report_elsewhere (InnDetailsView *self, InnDraft *draft, const GError *error)
{
  InnMachine *machine = inn_draft_get_machine (draft);
  g_autofree char *heading = NULL;

  if (machine == NULL || gtk_widget_get_root (GTK_WIDGET (self)) == NULL)
    return;
  heading = g_strdup_printf (_ ("The changes of “%s” could not be applied"),
                             inn_machine_get_name (machine));
  inn_report_error (GTK_WIDGET (self), heading, error);
}

static void
on_applied (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (InnDetailsView) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) changes = inn_draft_apply_finish (INN_DRAFT (source), result, &error);
  GtkWidget *page;

  /* While the tab is not seen the draft is still the one before. */
  if (self->draft != INN_DRAFT (source) || inn_draft_get_machine (self->draft) != self->machine)
    {
      if (changes == NULL)
        report_elsewhere (self, INN_DRAFT (source), error);
      return;
    }
  if (changes != NULL)
    {
      tell_changes (self, changes);
      return;
    }
  page = inn_details_view_get_page (self);
  if (INN_IS_XML_VIEW (page) && g_error_matches (error, INN_ERROR, INN_ERROR_INVALID_XML))
    {
      inn_xml_view_show_error (INN_XML_VIEW (page), error); /* once is enough: not in the bar */
      show_bar (self);
      return;
    }
  if (inn_report_level (error) == INN_REPORT_DIALOG &&
      !g_error_matches (error, INN_ERROR, INN_ERROR_INVALID_XML) &&
      !g_error_matches (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT) &&
      !g_error_matches (error, INN_ERROR, INN_ERROR_UNSUPPORTED))
    inn_report_error (GTK_WIDGET (self), _ ("The changes could not be applied"), error);
  self->problem = g_strdup (error->message);
  show_bar (self);
}

static void
on_apply_clicked (InnDetailsView *self)
{
  g_clear_pointer (&self->problem, g_free);
  inn_draft_apply_async (self->draft, on_applied, g_object_ref (self));
}

static void
on_discard_clicked (InnDetailsView *self)
{
  inn_draft_discard (self->draft);
}

static void
on_add_chosen (InnDetailsView *self, gpointer kind)
{
  inn_details_view_add (self, kind);
}

static void
on_add_clicked (InnDetailsView *self)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  GtkWidget *dialog = inn_add_dialog_new (GTK_WINDOW (root), inn_draft_get_domain (self->draft));

  g_signal_connect_object (dialog, "chosen", G_CALLBACK (on_add_chosen), self, G_CONNECT_SWAPPED);
  gtk_window_present (GTK_WINDOW (dialog));
}

/* The draft of the machine that is left is kept if there is something to apply. */
static void
take_draft (InnDetailsView *self)
{
  if (self->draft != NULL && inn_draft_get_machine (self->draft) == self->machine)
    return;
  if (self->draft != NULL && inn_draft_is_dirty (self->draft))
    g_hash_table_insert (self->kept, g_object_ref (inn_draft_get_machine (self->draft)),
                         g_object_ref (self->draft));
  g_clear_handle_id (&self->commit_idle, g_source_remove);
  g_signal_group_set_target (self->draft_signals, NULL);
  g_signal_group_set_target (self->connection_signals, NULL);
  pages_clear (self);
  inn_hardware_list_clear (self->list);
  g_clear_object (&self->draft);
  g_clear_pointer (&self->problem, g_free);
  if (self->machine == NULL)
    return;
  self->draft = g_hash_table_lookup (self->kept, self->machine);
  if (self->draft != NULL)
    {
      g_object_ref (self->draft);
      g_hash_table_remove (self->kept, self->machine);
    }
  else
    {
      self->draft = inn_draft_new ();
      inn_draft_set_machine (self->draft, self->machine);
    }
  g_signal_group_set_target (self->draft_signals, self->draft);
  g_signal_group_set_target (self->connection_signals, inn_machine_get_connection (self->machine));
  rebuild (self);
}

static void
inn_details_view_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (inn_details_view_parent_class)->map (widget);
  take_draft (INN_DETAILS_VIEW (widget));
}

static void
inn_details_view_dispose (GObject *object)
{
  InnDetailsView *self = INN_DETAILS_VIEW (object);
  GtkWidget *child;

  g_clear_handle_id (&self->commit_idle, g_source_remove);
  g_clear_object (&self->draft_signals);
  g_clear_object (&self->connection_signals);
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self))) != NULL)
    gtk_widget_unparent (child);
  g_clear_object (&self->draft);
  g_clear_object (&self->machine);
  g_clear_pointer (&self->kept, g_hash_table_unref);
  g_clear_pointer (&self->shown, g_free);
  g_clear_pointer (&self->problem, g_free);
  G_OBJECT_CLASS (inn_details_view_parent_class)->dispose (object);
}

static void
inn_details_view_class_init (InnDetailsViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = inn_details_view_dispose;
  widget_class->map = inn_details_view_map;
  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/innkeeper/Innkeeper/details/inn-details-view.ui");
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_bind_template_child (widget_class, InnDetailsView, stack);
  gtk_widget_class_bind_template_child (widget_class, InnDetailsView, failed);
  gtk_widget_class_bind_template_child (widget_class, InnDetailsView, leaflet);
  gtk_widget_class_bind_template_child (widget_class, InnDetailsView, list);
  gtk_widget_class_bind_template_child (widget_class, InnDetailsView, page_bar);
  gtk_widget_class_bind_template_child (widget_class, InnDetailsView, page_title);
  gtk_widget_class_bind_template_child (widget_class, InnDetailsView, pages);
  gtk_widget_class_bind_template_child (widget_class, InnDetailsView, bar);
  gtk_widget_class_bind_template_child (widget_class, InnDetailsView, bar_text);
  gtk_widget_class_bind_template_child (widget_class, InnDetailsView, apply_button);
  gtk_widget_class_bind_template_child (widget_class, InnDetailsView, discard_button);
  gtk_widget_class_bind_template_callback (widget_class, on_row_selected);
  gtk_widget_class_bind_template_callback (widget_class, on_row_activated);
  gtk_widget_class_bind_template_callback (widget_class, on_back_clicked);
  gtk_widget_class_bind_template_callback (widget_class, on_folded_notify);
  gtk_widget_class_bind_template_callback (widget_class, on_retry_clicked);
  gtk_widget_class_bind_template_callback (widget_class, on_apply_clicked);
  gtk_widget_class_bind_template_callback (widget_class, on_discard_clicked);
  gtk_widget_class_bind_template_callback (widget_class, on_add_clicked);
}

static void
inn_details_view_init (InnDetailsView *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  inn_hardware_list_keep_shown (self->list);
  self->kept = g_hash_table_new_full (NULL, NULL, g_object_unref, g_object_unref);
  self->draft_signals = g_signal_group_new (INN_TYPE_DRAFT);
  g_signal_group_connect_swapped (self->draft_signals, "loaded", G_CALLBACK (rebuild), self);
  g_signal_group_connect_swapped (self->draft_signals, "edited", G_CALLBACK (on_draft_edited),
                                  self);
  g_signal_group_connect_swapped (self->draft_signals, "waiting", G_CALLBACK (on_draft_waiting),
                                  self);
  g_signal_group_connect_swapped (self->draft_signals, "failed", G_CALLBACK (on_draft_failed),
                                  self);
  self->connection_signals = g_signal_group_new (INN_TYPE_CONNECTION);
  g_signal_group_connect_swapped (self->connection_signals, "notify::state",
                                  G_CALLBACK (on_connection_state), self);
}

GtkWidget *
inn_details_view_new (void)
{
  return g_object_new (INN_TYPE_DETAILS_VIEW, NULL);
}

void
inn_details_view_set_machine (InnDetailsView *self, InnMachine *machine)
{
  g_return_if_fail (INN_IS_DETAILS_VIEW (self));

  if (!g_set_object (&self->machine, machine))
    return;
  if (gtk_widget_get_mapped (GTK_WIDGET (self)) || machine == NULL)
    take_draft (self);
}

InnDraft *
inn_details_view_get_draft (InnDetailsView *self)
{
  g_return_val_if_fail (INN_IS_DETAILS_VIEW (self), NULL);

  return self->draft;
}

gboolean
inn_details_view_show (InnDetailsView *self, const char *id)
{
  GtkListBoxRow *row;

  g_return_val_if_fail (INN_IS_DETAILS_VIEW (self), FALSE);

  row = inn_hardware_list_find (self->list, id);
  if (row == NULL)
    return FALSE;
  if (gtk_list_box_get_selected_row (self->list) == row)
    show_row (self, row);
  else
    gtk_list_box_select_row (self->list, row);
  return TRUE;
}

GtkWidget *
inn_details_view_get_page (InnDetailsView *self)
{
  g_return_val_if_fail (INN_IS_DETAILS_VIEW (self), NULL);

  return gtk_stack_get_visible_child (self->pages);
}

/* A new row has no place yet: its list scrolls to it when it has one. */
static gboolean
on_focus_idle (gpointer data)
{
  GtkListBoxRow *row = gtk_list_box_get_selected_row (INN_DETAILS_VIEW (data)->list);

  if (row != NULL)
    gtk_widget_grab_focus (GTK_WIDGET (row));
  return G_SOURCE_REMOVE;
}

void
inn_details_view_add (InnDetailsView *self, const InnKind *kind)
{
  InnElement element;
  g_autofree char *id = NULL;

  g_return_if_fail (INN_IS_DETAILS_VIEW (self));

  if (self->draft == NULL || inn_draft_get_domain (self->draft) == NULL ||
      inn_draft_is_busy (self->draft))
    return;
  element = inn_draft_add (self->draft, kind->name);
  inn_hardware_fill (&element);
  if (g_str_equal (kind->name, "disk"))
    inn_draft_set_new_image (self->draft, &element, NEW_DISK_SIZE);
  id = inn_element_dup_id (&element);
  rebuild (self);
  inn_details_view_show (self, id);
  adw_leaflet_set_visible_child_name (self->leaflet, "page");
  g_idle_add_full (G_PRIORITY_LOW, on_focus_idle, g_object_ref (self), g_object_unref);
}
