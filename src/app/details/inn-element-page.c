/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* One section or device of a machine. Knows the rows, not the list of pages. */
#include "inn-element-page.h"

#include "details/inn-disk-size.h"
#include "details/inn-field-editors.h"
#include "details/inn-hardware-row.h"
#include "details/inn-host-devices.h"
#include "details/inn-memory-now.h"
#include "details/inn-offer.h"

#include <glib/gi18n.h>

struct _InnElementPage
{
  GtkWidget parent_instance;

  AdwPreferencesGroup *group;
  AdwPreferencesGroup *more_group;
  AdwExpanderRow *more;
  GHashTable *folds; /* const InnGroup → AdwExpanderRow */
  GtkWidget *remove_button;

  InnDraft *draft;
  InnElement *element;
  GPtrArray *rows;      /* InnFieldRow, owned by their widgets */
  GtkWidget *image_row; /* size of the image to be made; NULL: none is */
};

G_DEFINE_FINAL_TYPE (InnElementPage, inn_element_page, GTK_TYPE_WIDGET)

enum
{
  REMOVE,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void
on_remove_clicked (InnElementPage *self)
{
  g_signal_emit (self, signals[REMOVE], 0);
}

/* Of devices of this computer, to choose from. */
static gboolean
has_list (const InnKind *kind)
{
  static const char *const kinds[] = { "hostdev", "hostpci", "hostmdev", NULL };

  return g_strv_contains (kinds, kind->name);
}

/* What few machines need is folded away, unless there is nothing else. */
static gboolean
has_plain_rows (const InnKind *kind)
{
  if (has_list (kind))
    return TRUE;
  for (const InnField *field = kind->fields; field->name != NULL; field++)
    if ((field->flags & (INN_FIELD_HIDDEN | INN_FIELD_ADVANCED)) == 0)
      return TRUE;
  return FALSE;
}

/* Of a draft: the last fold that was opened, by the titles of its page and of itself. */
#define UNFOLDED "inn-more-of"

static void
on_expanded (InnElementPage *self, GParamSpec *pspec, AdwExpanderRow *fold)
{
  gboolean expanded = adw_expander_row_get_expanded (fold);

  g_object_set_data_full (
      G_OBJECT (self->draft), UNFOLDED,
      expanded ? g_strconcat (adw_preferences_group_get_title (self->group), "\n",
                              adw_preferences_row_get_title (ADW_PREFERENCES_ROW (fold)), NULL)
               : NULL,
      g_free);
}

/* The page is made anew when it was applied; what was looked at stays in sight. */
static void
take_up_fold (InnElementPage *self, AdwExpanderRow *fold)
{
  g_autofree char *name =
      g_strconcat (adw_preferences_group_get_title (self->group), "\n",
                   adw_preferences_row_get_title (ADW_PREFERENCES_ROW (fold)), NULL);

  adw_expander_row_set_expanded (
      fold, g_strcmp0 (g_object_get_data (G_OBJECT (self->draft), UNFOLDED), name) == 0);
  g_signal_connect_object (fold, "notify::expanded", G_CALLBACK (on_expanded), self,
                           G_CONNECT_SWAPPED);
}

static AdwExpanderRow *
get_fold (InnElementPage *self, const InnGroup *group)
{
  AdwExpanderRow *fold;

  if (group == NULL)
    {
      gtk_widget_set_visible (GTK_WIDGET (self->more), TRUE);
      return self->more;
    }
  fold = g_hash_table_lookup (self->folds, group);
  if (fold == NULL)
    {
      fold = ADW_EXPANDER_ROW (adw_expander_row_new ());
      adw_preferences_row_set_title (ADW_PREFERENCES_ROW (fold), _ (group->label));
      adw_expander_row_set_subtitle (fold, _ (group->help));
      /* The rest comes last. */
      g_object_ref (self->more);
      adw_preferences_group_remove (self->more_group, GTK_WIDGET (self->more));
      adw_preferences_group_add (self->more_group, GTK_WIDGET (fold));
      adw_preferences_group_add (self->more_group, GTK_WIDGET (self->more));
      g_object_unref (self->more);
      g_hash_table_insert (self->folds, (gpointer)group, fold);
      take_up_fold (self, fold);
    }
  return fold;
}

static void
add_row (InnElementPage *self, InnFieldRow *row)
{
  const InnField *field = inn_field_row_get_field (row);
  GtkWidget *note = inn_field_row_get_note (row);

  if ((field->flags & INN_FIELD_ADVANCED) != 0 && has_plain_rows (self->element->kind))
    {
      AdwExpanderRow *fold = get_fold (self, field->group);

      adw_expander_row_add_row (fold, inn_field_row_get_row (row));
      if (note != NULL)
        adw_expander_row_add_row (fold, note);
      gtk_widget_set_visible (GTK_WIDGET (self->more_group), TRUE);
      return;
    }
  adw_preferences_group_add (self->group, inn_field_row_get_row (row));
  if (note != NULL)
    adw_preferences_group_add (self->group, note);
}

/* What a disk that gets a new image says beyond the schema: the document knows no size. */
static const InnField image_field = {
  .name = "new-image",
  .type = INN_TYPE_SIZE,
  .flags = INN_FIELD_REQUIRED,
  .min = 1 << 20,
  .max = G_GUINT64_CONSTANT (1) << 46,
  .label = N_ ("Size of the new image"),
  .help =
      N_ ("It is made when you apply, and grows as it fills. Choose a file instead to use that."),
};

static void
on_image_taken (const char *text, gpointer data)
{
  InnElementPage *self = INN_ELEMENT_PAGE (data);

  inn_draft_set_new_image (self->draft, self->element, g_ascii_strtoull (text, NULL, 10));
}

/* A file that is chosen takes the new image's place. */
static void
show_image_row (InnElementPage *self)
{
  gtk_widget_set_visible (self->image_row, !inn_element_has (self->element, "source") &&
                                               !inn_element_has (self->element, "block"));
}

static void
add_image_row (InnElementPage *self)
{
  g_autofree char *size =
      g_strdup_printf ("%" G_GUINT64_FORMAT, inn_draft_get_new_image (self->draft, self->element));
  const InnEditor *editing = inn_editor_for (&image_field);
  GtkWidget *editor;

  self->image_row = editing->build (&image_field, &editor, on_image_taken, self);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->image_row), _ (image_field.label));
  adw_action_row_set_subtitle (ADW_ACTION_ROW (self->image_row), _ (image_field.help));
  gtk_widget_set_name (editor, image_field.name);
  editing->show (editor, &image_field, size);
  adw_preferences_group_add (self->group, self->image_row);
  g_signal_connect_object (self->draft, "edited", G_CALLBACK (show_image_row), self,
                           G_CONNECT_SWAPPED);
}

static void
inn_element_page_dispose (GObject *object)
{
  InnElementPage *self = INN_ELEMENT_PAGE (object);
  GtkWidget *child;

  g_clear_pointer (&self->rows, g_ptr_array_unref);
  g_clear_pointer (&self->folds, g_hash_table_unref);
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self))) != NULL)
    gtk_widget_unparent (child);
  g_clear_pointer (&self->element, inn_element_free);
  g_clear_object (&self->draft);
  G_OBJECT_CLASS (inn_element_page_parent_class)->dispose (object);
}

static void
inn_element_page_class_init (InnElementPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = inn_element_page_dispose;
  signals[REMOVE] = g_signal_new ("remove", INN_TYPE_ELEMENT_PAGE, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                  NULL, G_TYPE_NONE, 0);
  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/innkeeper/Innkeeper/details/inn-element-page.ui");
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_bind_template_child (widget_class, InnElementPage, group);
  gtk_widget_class_bind_template_child (widget_class, InnElementPage, more_group);
  gtk_widget_class_bind_template_child (widget_class, InnElementPage, more);
  gtk_widget_class_bind_template_child (widget_class, InnElementPage, remove_button);
  gtk_widget_class_bind_template_callback (widget_class, on_remove_clicked);
}

static void
inn_element_page_init (InnElementPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->rows = g_ptr_array_new ();
  self->folds = g_hash_table_new (NULL, NULL);
}

/* The running machine does not have the device. */
static void
show_waiting (InnElementPage *self)
{
  g_autofree char *id = inn_element_dup_id (self->element);
  g_autofree char *reason = inn_draft_dup_wait (self->draft, id, NULL);
  g_autofree char *text = NULL;

  if (reason != NULL && self->element->kind->device)
    text = g_markup_printf_escaped ("%s %s", _ ("It is there after the next restart."), reason);
  adw_preferences_group_set_description (self->group, text);
}

/* A fold of nothing but rows that mean nothing now is not there. */
static void
show_folds (InnElementPage *self)
{
  g_autoptr (GHashTable) full = g_hash_table_new (NULL, NULL);
  GHashTableIter iter;
  gpointer group, fold;

  for (guint i = 0; i < self->rows->len; i++)
    {
      const InnField *field = inn_field_row_get_field (self->rows->pdata[i]);

      if (inn_element_wants (self->element, field->name))
        g_hash_table_add (full, (gpointer)field->group);
    }
  g_hash_table_iter_init (&iter, self->folds);
  while (g_hash_table_iter_next (&iter, &group, &fold))
    gtk_widget_set_visible (GTK_WIDGET (fold), g_hash_table_contains (full, group));
}

GtkWidget *
inn_element_page_new (InnDraft *draft, const InnElement *element)
{
  InnElementPage *self = g_object_new (INN_TYPE_ELEMENT_PAGE, NULL);
  InnMachine *machine = inn_draft_get_machine (draft);
  InnConnection *connection = machine != NULL ? inn_machine_get_connection (machine) : NULL;
  g_autofree char *title = inn_hardware_row_dup_title (element);
  g_autofree char *safe_title = g_markup_escape_text (title, -1);

  self->draft = g_object_ref (draft);
  self->element = inn_element_copy (element);
  adw_preferences_group_set_title (self->group, safe_title);
  gtk_widget_set_visible (self->remove_button, element->kind->device);
  if (inn_draft_get_new_image (draft, element) > 0)
    add_image_row (self);
  else if (machine != NULL && g_str_equal (element->kind->name, "disk") &&
           inn_element_has (element, "source"))
    adw_preferences_group_add (self->group, inn_disk_size_new (machine, element));
  else if (has_list (element->kind))
    adw_preferences_group_add (self->group, inn_host_devices_new (draft, element));
  else if (machine != NULL && g_str_equal (element->kind->name, "memory"))
    adw_preferences_group_add (self->group, inn_memory_now_new (machine));
  for (const InnField *field = element->kind->fields; field->name != NULL; field++)
    {
      InnFieldRow *row;

      if ((field->flags & INN_FIELD_HIDDEN) != 0 || !inn_offer_has_row (connection, element, field))
        continue;
      row = inn_field_row_new (draft, element, field);
      inn_offer_limit (connection, element, row);
      g_ptr_array_add (self->rows, row);
      add_row (self, row);
    }
  show_waiting (self);
  g_signal_connect_object (draft, "waiting", G_CALLBACK (show_waiting), self, G_CONNECT_SWAPPED);
  take_up_fold (self, self->more);
  show_folds (self);
  g_signal_connect_object (draft, "edited", G_CALLBACK (show_folds), self, G_CONNECT_SWAPPED);
  return GTK_WIDGET (self);
}

const InnElement *
inn_element_page_get_element (InnElementPage *self)
{
  g_return_val_if_fail (INN_IS_ELEMENT_PAGE (self), NULL);

  return self->element;
}

GPtrArray *
inn_element_page_get_rows (InnElementPage *self)
{
  g_return_val_if_fail (INN_IS_ELEMENT_PAGE (self), NULL);

  return self->rows;
}
