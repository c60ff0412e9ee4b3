/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Rows from notes. Knows no file and asks the helper nothing. */
#include "inn-import-page.h"

#include "client/inn-create.h"
#include "client/inn-machine.h"
#include "shared/inn-errors.h"

#include <glib/gi18n.h>

struct _InnImportPage
{
  GtkWidget parent_instance;

  AdwPreferencesPage *page;
  AdwEntryRow *name;
  AdwPreferencesGroup *disks, *unknown, *adapted, *same;
  AdwExpanderRow *same_row;
  GPtrArray *rows; /* of the groups, to be removed when another machine is shown */

  InnConnection *connection;
  InnImported *imported;
  InnImportDisk *wanted; /* for which a file is being chosen, or NULL */
};

G_DEFINE_FINAL_TYPE (InnImportPage, inn_import_page, GTK_TYPE_WIDGET)

enum
{
  CHANGED,
  CHOOSE,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void fill_disks (InnImportPage *self);

/* ---- rows ---- */

static GtkWidget *
make_row (const char *title, const char *subtitle)
{
  GtkWidget *row = adw_action_row_new ();

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  adw_action_row_set_title_lines (ADW_ACTION_ROW (row), 0);
  adw_action_row_set_subtitle_lines (ADW_ACTION_ROW (row), 0);
  if (subtitle != NULL)
    adw_action_row_set_subtitle (ADW_ACTION_ROW (row), subtitle);
  return row;
}

static void
add_row (InnImportPage *self, AdwPreferencesGroup *group, GtkWidget *row)
{
  adw_preferences_group_add (group, row);
  g_ptr_array_add (self->rows, row);
  g_object_set_data (G_OBJECT (row), "inn-group", group);
}

static void
remove_rows (InnImportPage *self, AdwPreferencesGroup *group)
{
  for (guint i = self->rows->len; i-- > 0;)
    {
      GtkWidget *row = self->rows->pdata[i];

      if (group != NULL && g_object_get_data (G_OBJECT (row), "inn-group") != group)
        continue;
      adw_preferences_group_remove (g_object_get_data (G_OBJECT (row), "inn-group"), row);
      g_ptr_array_remove_index (self->rows, i);
    }
}

/* Where it stands in the file, for who wants to look. */
static void
add_place (GtkWidget *row, const InnImportNote *note)
{
  g_autofree char *text = NULL;
  GtkWidget *label;

  gtk_widget_set_tooltip_text (row, note->path);
  if (note->line == 0)
    return;
  text = g_strdup_printf (_ ("Line %u"), note->line);
  label = gtk_label_new (text);
  gtk_widget_add_css_class (label, "dim-label");
  gtk_widget_add_css_class (label, "caption");
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), label);
}

static GtkWidget *
make_button (const char *icon, const char *tooltip)
{
  GtkWidget *button = gtk_button_new_from_icon_name (icon);

  gtk_widget_set_tooltip_text (button, tooltip);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, tooltip,
                                  -1);
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (button, "flat");
  return button;
}

/* ---- disks ---- */

static void
on_choose_clicked (InnImportPage *self, GtkButton *button)
{
  self->wanted = g_object_get_data (G_OBJECT (button), "inn-disk");
  g_signal_emit (self, signals[CHOOSE], 0, self->wanted->label);
}

static void
on_remove_clicked (InnImportPage *self, GtkButton *button)
{
  InnImportDisk *disk = g_object_get_data (G_OBJECT (button), "inn-disk");
  g_autoptr (InnElement) element = inn_domain_find (self->imported->domain, disk->id);

  if (element != NULL)
    inn_domain_remove (element);
  self->wanted = NULL;
  g_ptr_array_remove (self->imported->disks, disk);
  fill_disks (self);
  g_signal_emit (self, signals[CHANGED], 0);
}

static void
add_button (InnImportPage *self,
            GtkWidget *row,
            InnImportDisk *disk,
            const char *icon,
            const char *tooltip,
            GCallback clicked)
{
  GtkWidget *button = make_button (icon, tooltip);

  g_object_set_data (G_OBJECT (button), "inn-disk", disk);
  g_signal_connect_object (button, "clicked", clicked, self, G_CONNECT_SWAPPED);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), button);
}

static GtkWidget *
make_disk_row (InnImportPage *self, InnImportDisk *disk)
{
  g_autofree char *shown = g_filename_display_name (disk->path);
  g_autofree char *text = NULL;
  GtkWidget *row;

  switch (disk->file)
    {
    case INN_IMPORT_FILE_MISSING:
      text =
          g_strdup_printf (_ ("%s\nThis file is not there. Choose another one, or leave the disk "
                              "out."),
                           shown);
      break;
    case INN_IMPORT_FILE_DENIED:
      text = g_strdup_printf (_ ("%s\nYou may not write to this file. Copy it to a folder of yours "
                                 "and choose the copy, or leave the disk out."),
                              shown);
      break;
    case INN_IMPORT_FILE_GOOD:
    default:
      text = g_strdup (shown);
      break;
    }
  row = make_row (disk->label, text);
  if (disk->file != INN_IMPORT_FILE_GOOD)
    gtk_widget_add_css_class (row, "error");
  add_button (self, row, disk, "document-open-symbolic", _ ("Choose another file"),
              G_CALLBACK (on_choose_clicked));
  add_button (self, row, disk, "list-remove-symbolic", _ ("Leave it out"),
              G_CALLBACK (on_remove_clicked));
  return row;
}

static void
fill_disks (InnImportPage *self)
{
  remove_rows (self, self->disks);
  for (guint i = 0; i < self->imported->disks->len; i++)
    add_row (self, self->disks, make_disk_row (self, self->imported->disks->pdata[i]));
  gtk_widget_set_visible (GTK_WIDGET (self->disks), self->imported->disks->len > 0);
}

void
inn_import_page_set_file (InnImportPage *self, GFile *file)
{
  g_autoptr (InnElement) element = NULL;
  g_autofree char *path = g_file_get_path (file);
  InnImportDisk *disk = self->wanted;

  self->wanted = NULL;
  if (disk == NULL || path == NULL)
    return;
  element = inn_domain_find (self->imported->domain, disk->id);
  if (element == NULL || !inn_element_set (element, "block", NULL, NULL) ||
      !inn_element_set (element, "type", "file", NULL) ||
      !inn_element_set (element, "source", path, NULL))
    return;
  g_free (disk->path);
  disk->path = g_steal_pointer (&path);
  disk->file =
      INN_IMPORT_FILE_GOOD; /* as far as the file chooser shows; the helper looks into it */
  fill_disks (self);
  g_signal_emit (self, signals[CHANGED], 0);
}

/* ---- notes ---- */

static void
fill_notes (InnImportPage *self)
{
  AdwPreferencesGroup *groups[] = { [INN_IMPORT_SAME] = self->same,
                                    [INN_IMPORT_ADAPTED] = self->adapted,
                                    [INN_IMPORT_UNKNOWN] = self->unknown };
  guint n[G_N_ELEMENTS (groups)] = { 0 };
  g_autofree char *subtitle = NULL;

  self->same_row = ADW_EXPANDER_ROW (adw_expander_row_new ());
  add_row (self, self->same, GTK_WIDGET (self->same_row));
  for (guint i = 0; i < self->imported->notes->len; i++)
    {
      const InnImportNote *note = self->imported->notes->pdata[i];
      GtkWidget *row = make_row (note->what, note->text);

      n[note->sort]++;
      if (note->sort == INN_IMPORT_SAME)
        {
          gtk_widget_set_tooltip_text (row, note->path);
          adw_expander_row_add_row (self->same_row, row);
          continue;
        }
      add_place (row, note);
      add_row (self, groups[note->sort], row);
    }
  for (guint i = 0; i < G_N_ELEMENTS (groups); i++)
    gtk_widget_set_visible (GTK_WIDGET (groups[i]), n[i] > 0);
  subtitle =
      g_strdup_printf (g_dngettext (NULL, "%u part does what it did in libvirt.",
                                    "%u parts do what they did in libvirt.", n[INN_IMPORT_SAME]),
                       n[INN_IMPORT_SAME]);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->same_row), _ ("The same"));
  adw_expander_row_set_subtitle (self->same_row, subtitle);
}

/* Two machines of one uuid cannot be: the one that is here already keeps it. */
static void
renew_uuid (InnImportPage *self)
{
  GListModel *machines = inn_connection_get_machines (self->connection);
  InnElement general = inn_domain_get (self->imported->domain, "general");
  g_autofree char *uuid = inn_domain_dup_uuid (self->imported->domain);

  for (guint i = 0; uuid != NULL && i < g_list_model_get_n_items (machines); i++)
    {
      g_autoptr (InnMachine) machine = g_list_model_get_item (machines, i);
      g_autofree char *other = NULL;
      InnImportNote *note;

      g_object_get (machine, "uuid", &other, NULL);
      if (other == NULL || g_ascii_strcasecmp (other, uuid) != 0)
        continue;
      inn_element_set (&general, "uuid", NULL, NULL);
      note = g_new0 (InnImportNote, 1);
      note->sort = INN_IMPORT_ADAPTED;
      note->what = g_strdup (_ ("UUID"));
      note->text = g_strdup_printf (_ ("The machine “%s” has it already, so this one gets another. "
                                       "A system may ask to be activated again."),
                                    inn_machine_get_name (machine));
      note->path = g_strdup ("uuid");
      g_ptr_array_add (self->imported->notes, note);
      return;
    }
}

/* ---- the page ---- */

static void
on_name_changed (InnImportPage *self)
{
  if (self->imported != NULL)
    g_signal_emit (self, signals[CHANGED], 0);
}

gboolean
inn_import_page_check (InnImportPage *self, GError **error)
{
  InnElement general = inn_domain_get (self->imported->domain, "general");
  const char *name = gtk_editable_get_text (GTK_EDITABLE (self->name));
  gboolean good = *name != '\0' && inn_element_set (&general, "name", name, error);

  if (*name == '\0')
    g_set_error_literal (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT,
                         _ ("The machine needs a name."));
  else if (good && !inn_create_name_is_free (self->connection, name))
    {
      g_set_error (error, INN_ERROR, INN_ERROR_EXISTS,
                   _ ("There is a machine called “%s” already. Choose another name."), name);
      good = FALSE;
    }
  if (good)
    gtk_widget_remove_css_class (GTK_WIDGET (self->name), "error");
  else
    gtk_widget_add_css_class (GTK_WIDGET (self->name), "error");
  for (guint i = 0; good && i < self->imported->disks->len; i++)
    {
      const InnImportDisk *disk = self->imported->disks->pdata[i];

      if (disk->file == INN_IMPORT_FILE_GOOD)
        continue;
      g_set_error (error, INN_ERROR, INN_ERROR_NOT_FOUND,
                   _ ("%s: choose another file, or leave it out."), disk->label);
      return FALSE;
    }
  return good;
}

InnDomain *
inn_import_page_get_domain (InnImportPage *self)
{
  return self->imported != NULL ? self->imported->domain : NULL;
}

void
inn_import_page_show (InnImportPage *self, InnImported *imported, InnConnection *connection)
{
  g_autofree char *said = NULL;
  g_autofree char *name = NULL;

  remove_rows (self, NULL);
  g_clear_pointer (&self->imported, inn_imported_free);
  self->wanted = NULL;
  g_set_object (&self->connection, connection);
  said = inn_domain_dup_name (imported->domain);
  name = inn_create_dup_free_name (connection, said);
  gtk_editable_set_text (GTK_EDITABLE (self->name), name);
  self->imported = imported;
  renew_uuid (self);
  fill_disks (self);
  fill_notes (self);
  g_signal_emit (self, signals[CHANGED], 0);
}

static void
inn_import_page_dispose (GObject *object)
{
  InnImportPage *self = INN_IMPORT_PAGE (object);
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self))) != NULL)
    gtk_widget_unparent (child);
  g_clear_object (&self->connection);
  G_OBJECT_CLASS (inn_import_page_parent_class)->dispose (object);
}

static void
inn_import_page_finalize (GObject *object)
{
  InnImportPage *self = INN_IMPORT_PAGE (object);

  g_clear_pointer (&self->imported, inn_imported_free);
  g_ptr_array_unref (self->rows);
  G_OBJECT_CLASS (inn_import_page_parent_class)->finalize (object);
}

static void
inn_import_page_class_init (InnImportPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = inn_import_page_dispose;
  G_OBJECT_CLASS (klass)->finalize = inn_import_page_finalize;
  signals[CHANGED] = g_signal_new ("changed", INN_TYPE_IMPORT_PAGE, G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
  signals[CHOOSE] = g_signal_new ("choose", INN_TYPE_IMPORT_PAGE, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                  NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/innkeeper/Innkeeper/create/inn-import-page.ui");
  gtk_widget_class_bind_template_child (widget_class, InnImportPage, page);
  gtk_widget_class_bind_template_child (widget_class, InnImportPage, name);
  gtk_widget_class_bind_template_child (widget_class, InnImportPage, disks);
  gtk_widget_class_bind_template_child (widget_class, InnImportPage, unknown);
  gtk_widget_class_bind_template_child (widget_class, InnImportPage, adapted);
  gtk_widget_class_bind_template_child (widget_class, InnImportPage, same);
  gtk_widget_class_bind_template_callback (widget_class, on_name_changed);
}

static void
inn_import_page_init (InnImportPage *self)
{
  self->rows = g_ptr_array_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}
