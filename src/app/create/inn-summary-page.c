/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Rows for the machine that will be made: those of the schema's fields, and a few for what the
 * definition does not say (the new disk's size). Asks the helper nothing. */
#include "inn-summary-page.h"

#include "details/inn-field-editors.h"
#include "details/inn-field-row.h"
#include "details/inn-offer.h"
#include "inn-summary-notes.h"
#include "shared/inn-domain-new.h"

#include <glib/gi18n.h>

struct _InnSummaryPage
{
  GtkWidget parent_instance;

  GtkLabel *notes;
  AdwPreferencesGroup *basics, *hardware, *devices;
  GPtrArray *rows; /* of the groups, to be removed when they are filled anew */

  InnConnection *connection;
  InnSource *source; /* not owned */
  InnOs *os;
  InnDraft *draft;
  InnProfile profile;
  InnDomain *proposed; /* the document as it was before a person changed it; NULL: none yet */
  guint64 proposed_size;
  guint64 disk_size;
  gboolean start;
  gboolean changed; /* by a person since it was filled */
  char *proposed_name;
  char *disk_error; /* what is wrong with the size, or NULL */
};

G_DEFINE_FINAL_TYPE (InnSummaryPage, inn_summary_page, GTK_TYPE_WIDGET)

enum
{
  CHOOSE_OS,
  CHANGED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

/* What no field of a machine says, in the schema's own form, so that the same rows edit it. */
static const InnChoice image_uses[] = {
  { "copy", N_ ("Copied into the machine") },
  { "place", N_ ("Used where it is") },
  { NULL, NULL },
};
static const InnField disk_field = { .name = "disk-size",
                                     .type = INN_TYPE_SIZE,
                                     .flags = INN_FIELD_REQUIRED,
                                     .min = 1024 * 1024,
                                     .max = (guint64)64 << 40,
                                     .label = N_ ("Disk"),
                                     .help = N_ ("It takes room on this computer only as it "
                                                 "fills.") };
static const InnField image_field = { .name = "image-use",
                                      .type = INN_TYPE_ENUM,
                                      .flags = INN_FIELD_REQUIRED,
                                      .choices = image_uses,
                                      .label = N_ ("Disk image"),
                                      .help = N_ ("A copy leaves the file as it is.") };
static const InnField start_field = { .name = "start",
                                      .type = INN_TYPE_BOOL,
                                      .fallback = "yes",
                                      .label = N_ ("Start when created") };

/* A field of the schema as it is shown here: @title stands in for its own where given, @help in any
 * case: beside proposed values little needs to be said. */
typedef struct
{
  const char *kind, *field;
  const char *title, *help;
} Shown;

static const Shown name_row = { "general", "name" };
static const Shown hardware_rows[] = {
  { "memory", "size" },
  { "cpu", "vcpus", N_ ("Processors") },
  { NULL },
};
static const Shown board_rows[] = {
  { "firmware", "firmware" },
  { "interface", "type", N_ ("Network") },
  { NULL },
};
static const Shown device_rows[] = {
  { "machine", "machine" },
  { "firmware", "secure-boot" },
  { "general", "accelerator" },
  { "cpu", "mode", N_ ("Processor model") },
  { "disk", "bus", N_ ("Disk bus") },
  { "disk", "cache", N_ ("Disk cache") },
  { "cdrom", "bus", N_ ("CD drive bus") },
  { "interface", "model", N_ ("Network card") },
  { "interface", "mac", N_ ("Network card's address") },
  { "interface", "bridge" },
  { "interface", "network", N_ ("Network's name") },
  { "interface", "direct" },
  { "video", "model", N_ ("Graphics card") },
  { "sound", "model", N_ ("Sound card") },
  { "controller", "model", N_ ("USB controller") },
  { "input", "type", N_ ("Pointing device") },
  { "rng", "model", N_ ("Random numbers") },
  { "memballoon", "model", N_ ("Memory balloon") },
  { "clock", "offset" },
  { "boot", "menu" },
  { "kernel", "cmdline" },
  { "general", "autostart" },
  { NULL },
};

static void
emit_changed (InnSummaryPage *self)
{
  self->changed = TRUE;
  g_signal_emit (self, signals[CHANGED], 0);
}

static void
add_row (InnSummaryPage *self, GtkWidget *group, GtkWidget *row)
{
  if (ADW_IS_EXPANDER_ROW (group))
    adw_expander_row_add_row (ADW_EXPANDER_ROW (group), row);
  else
    {
      adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), row);
      g_ptr_array_add (self->rows, row);
    }
}

/* The first element of a kind: a new machine has one of each. */
static InnElement *
find_in (InnDomain *domain, const char *kind)
{
  g_autoptr (GPtrArray) list = NULL;
  InnElement section;

  if (!inn_schema_find (kind)->device)
    {
      section = inn_domain_get (domain, kind);
      return inn_element_copy (&section);
    }
  list = inn_domain_list (domain, kind);
  return list->len > 0 ? inn_element_copy (list->pdata[0]) : NULL;
}

static InnElement *
find_element (InnSummaryPage *self, const char *kind)
{
  return find_in (inn_draft_get_domain (self->draft), kind);
}

static void
add_field (InnSummaryPage *self, GtkWidget *group, const Shown *shown)
{
  g_autoptr (InnElement) element = find_element (self, shown->kind);
  const InnField *field = inn_kind_find (inn_schema_find (shown->kind), shown->field);
  InnField *variant;
  InnFieldRow *row;

  if (element == NULL ||
      (g_str_equal (shown->kind, "kernel") && !inn_element_has (element, "kernel")) ||
      !inn_offer_has_row (self->connection, element, field))
    return;
  variant = g_memdup2 (field, sizeof *field);
  if (shown->title != NULL)
    variant->label = shown->title;
  variant->help = shown->help;
  row = inn_field_row_new (self->draft, element, variant);
  inn_offer_limit (self->connection, element, row);
  g_object_set_data_full (G_OBJECT (row), "inn-variant", variant, g_free);
  add_row (self, group, inn_field_row_get_row (row));
  if (inn_field_row_get_note (row) != NULL)
    add_row (self, group, inn_field_row_get_note (row));
}

static void
add_fields (InnSummaryPage *self, GtkWidget *group, const Shown *shown)
{
  for (; shown->kind != NULL; shown++)
    add_field (self, group, shown);
}

static GtkWidget *
add_own (InnSummaryPage *self,
         GtkWidget *group,
         const InnField *field,
         const char *value,
         InnTaken taken)
{
  GtkWidget *editor;
  GtkWidget *row = inn_editor_for (field)->build (field, &editor, taken, self);

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), _ (field->label));
  if (ADW_IS_ACTION_ROW (row) && field->help != NULL)
    adw_action_row_set_subtitle (ADW_ACTION_ROW (row), _ (field->help));
  inn_editor_for (field)->show (editor, field, value);
  add_row (self, group, row);
  return row;
}

static void
on_disk_size_taken (const char *text, gpointer data)
{
  InnSummaryPage *self = INN_SUMMARY_PAGE (data);
  g_autoptr (GError) error = NULL;

  g_clear_pointer (&self->disk_error, g_free);
  if (text != NULL && inn_field_check (&disk_field, text, &error))
    self->disk_size = g_ascii_strtoull (text, NULL, 10);
  else
    self->disk_error =
        g_strdup (error != NULL ? error->message : _ ("Say how large the disk shall be."));
  emit_changed (self);
}

static void
on_start_taken (const char *text, gpointer data)
{
  INN_SUMMARY_PAGE (data)->start = g_strcmp0 (text, "yes") == 0;
  INN_SUMMARY_PAGE (data)->changed = TRUE;
}

/* Copied, the disk is the machine's own and of our format; in place, it is the file itself. */
static void
on_image_use_taken (const char *text, gpointer data)
{
  InnSummaryPage *self = INN_SUMMARY_PAGE (data);
  g_autoptr (InnElement) disk = find_element (self, "disk");
  gboolean in_place = g_strcmp0 (text, "place") == 0;

  self->source->in_place = in_place;
  if (disk != NULL)
    {
      inn_element_set (disk, "source", in_place ? self->source->media->path : NULL, NULL);
      inn_element_set (disk, "format", in_place ? self->source->media->format : "qcow2", NULL);
    }
  emit_changed (self);
}

static void
add_disk (InnSummaryPage *self)
{
  g_autofree char *size = NULL;

  if (self->source->kind == INN_SOURCE_DISK)
    {
      if (self->source->media->used_by == NULL)
        add_own (self, GTK_WIDGET (self->hardware), &image_field,
                 self->source->in_place ? "place" : "copy", on_image_use_taken);
      return;
    }
  if (self->disk_size == self->proposed_size) /* not a person's */
    self->disk_size = self->profile.disk_size;
  self->proposed_size = self->profile.disk_size;
  size = g_strdup_printf ("%" G_GUINT64_FORMAT, self->disk_size);
  add_own (self, GTK_WIDGET (self->hardware), &disk_field, size, on_disk_size_taken);
}

static void
on_os_clicked (InnSummaryPage *self)
{
  g_signal_emit (self, signals[CHOOSE_OS], 0);
}

static void
add_os_row (InnSummaryPage *self)
{
  GtkWidget *row = adw_action_row_new ();
  GtkWidget *button = gtk_button_new_from_icon_name ("go-next-symbolic");

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), _ ("System"));
  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), inn_os_get_name (self->os));
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (button, "flat");
  gtk_widget_set_tooltip_text (button, _ ("Choose Another System"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("Choose Another System"), -1);
  g_signal_connect_object (button, "clicked", G_CALLBACK (on_os_clicked), self, G_CONNECT_SWAPPED);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), button);
  adw_action_row_set_activatable_widget (ADW_ACTION_ROW (row), button);
  add_row (self, GTK_WIDGET (self->basics), row);
}

static void
clear_rows (InnSummaryPage *self)
{
  for (guint i = 0; i < self->rows->len; i++)
    {
      GtkWidget *group = gtk_widget_get_ancestor (self->rows->pdata[i], ADW_TYPE_PREFERENCES_GROUP);

      adw_preferences_group_remove (ADW_PREFERENCES_GROUP (group), self->rows->pdata[i]);
    }
  g_ptr_array_set_size (self->rows, 0);
}

static void
fill_rows (InnSummaryPage *self)
{
  GtkWidget *more = adw_expander_row_new ();
  g_autofree char *notes =
      inn_summary_notes (&self->profile, self->source, self->os,
                         g_str_equal (inn_connection_get_mode (self->connection), "system"));

  clear_rows (self);
  add_field (self, GTK_WIDGET (self->basics), &name_row);
  add_os_row (self);
  add_fields (self, GTK_WIDGET (self->hardware), hardware_rows);
  add_disk (self);
  add_fields (self, GTK_WIDGET (self->hardware), board_rows);
  add_own (self, GTK_WIDGET (self->hardware), &start_field, self->start ? "yes" : "no",
           on_start_taken);

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (more), _ ("More"));
  adw_expander_row_set_subtitle (ADW_EXPANDER_ROW (more),
                                 _ ("Each device's model, and what is seldom changed."));
  add_row (self, GTK_WIDGET (self->devices), more);
  add_fields (self, more, device_rows);
  gtk_label_set_label (self->notes, notes);
  gtk_widget_set_visible (GTK_WIDGET (self->notes), notes[0] != '\0');
}

/* A disk's name goes with its bus; a person who changes the bus need not know. */
static void
keep_target (InnSummaryPage *self, const char *kind)
{
  g_autoptr (InnElement) element = find_element (self, kind);
  g_autofree char *bus = NULL, *target = NULL, *wanted = NULL;
  const char *prefix;

  if (element == NULL)
    return;
  bus = inn_element_dup (element, "bus");
  target = inn_element_dup (element, "target");
  prefix = inn_target_prefix (bus);
  if (prefix == NULL || target == NULL || g_str_has_prefix (target, prefix))
    return;
  wanted = inn_domain_free_target (inn_draft_get_domain (self->draft), bus);
  inn_element_set (element, "target", wanted, NULL);
}

static void
on_draft_edited (InnSummaryPage *self)
{
  if (inn_draft_get_domain (self->draft) == NULL)
    return;
  keep_target (self, "disk");
  keep_target (self, "cdrom");
  emit_changed (self);
}

static void
inn_summary_page_dispose (GObject *object)
{
  InnSummaryPage *self = INN_SUMMARY_PAGE (object);
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self))) != NULL)
    gtk_widget_unparent (child);
  g_clear_object (&self->connection);
  g_clear_object (&self->os);
  g_clear_object (&self->draft);
  g_clear_pointer (&self->rows, g_ptr_array_unref);
  g_clear_pointer (&self->proposed, inn_domain_unref);
  g_clear_pointer (&self->proposed_name, g_free);
  g_clear_pointer (&self->disk_error, g_free);
  G_OBJECT_CLASS (inn_summary_page_parent_class)->dispose (object);
}

static void
inn_summary_page_class_init (InnSummaryPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = inn_summary_page_dispose;
  signals[CHOOSE_OS] = g_signal_new ("choose-os", INN_TYPE_SUMMARY_PAGE, G_SIGNAL_RUN_LAST, 0, NULL,
                                     NULL, NULL, G_TYPE_NONE, 0);
  signals[CHANGED] = g_signal_new ("changed", INN_TYPE_SUMMARY_PAGE, G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
  gtk_widget_class_set_layout_manager_type (widget_class, GTK_TYPE_BIN_LAYOUT);
  gtk_widget_class_set_template_from_resource (
      widget_class, "/org/innkeeper/Innkeeper/create/inn-summary-page.ui");
  gtk_widget_class_bind_template_child (widget_class, InnSummaryPage, notes);
  gtk_widget_class_bind_template_child (widget_class, InnSummaryPage, basics);
  gtk_widget_class_bind_template_child (widget_class, InnSummaryPage, hardware);
  gtk_widget_class_bind_template_child (widget_class, InnSummaryPage, devices);
}

static void
inn_summary_page_init (InnSummaryPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->rows = g_ptr_array_new ();
  self->start = TRUE;
  self->draft = inn_draft_new ();
  g_signal_connect_object (self->draft, "edited", G_CALLBACK (on_draft_edited), self,
                           G_CONNECT_SWAPPED);
}

static char *
propose_name (InnSummaryPage *self)
{
  g_autofree char *wanted = NULL;

  if (self->source->media != NULL && self->source->kind != INN_SOURCE_KERNEL)
    wanted = inn_media_suggest_name (self->source->media);
  else if (!self->profile.generic)
    wanted = g_strdup (inn_os_get_name (self->os));
  return inn_create_dup_free_name (self->connection, wanted != NULL ? wanted : _ ("Machine"));
}

static void
keep_rows (InnDomain *proposed, InnDomain *before, InnDomain *domain, const Shown *row)
{
  for (; row->kind != NULL; row++)
    {
      g_autoptr (InnElement) was = find_in (proposed, row->kind);
      g_autoptr (InnElement) is = find_in (before, row->kind);
      g_autoptr (InnElement) will_be = find_in (domain, row->kind);
      g_autofree char *offered = was != NULL ? inn_element_dup (was, row->field) : NULL;
      g_autofree char *chosen = is != NULL ? inn_element_dup (is, row->field) : NULL;

      if (was != NULL && is != NULL && will_be != NULL && g_strcmp0 (offered, chosen) != 0)
        inn_element_set (will_be, row->field, chosen, NULL);
    }
}

/* Another system brings other values, but none for what a person has chosen. */
static void
keep_chosen (InnSummaryPage *self, InnDomain *before, InnDomain *domain)
{
  static const Shown *const tables[] = { hardware_rows, board_rows, device_rows };
  g_autofree char *xml = inn_domain_to_xml (domain);

  for (guint i = 0; i < G_N_ELEMENTS (tables) && before != NULL && self->proposed != NULL; i++)
    keep_rows (self->proposed, before, domain, tables[i]);
  g_clear_pointer (&self->proposed, inn_domain_unref);
  self->proposed = inn_domain_parse (xml, -1, NULL);
}

void
inn_summary_page_fill (InnSummaryPage *self,
                       InnConnection *connection,
                       InnSource *source,
                       InnOs *os,
                       GError **error)
{
  InnDomain *before = inn_draft_get_domain (self->draft);
  g_autofree char *name = before != NULL ? inn_domain_dup_name (before) : NULL;
  g_autoptr (GVariant) memory = inn_connection_get_host (connection, "Memory");
  g_autoptr (GVariant) cpus = inn_connection_get_host (connection, "Cpus");
  g_autoptr (InnDomain) domain = NULL;
  InnElement general;

  g_set_object (&self->connection, connection);
  g_set_object (&self->os, os);
  self->source = source;
  if (source->media != NULL && source->media->used_by != NULL)
    source->in_place = FALSE;
  inn_profile_fill (&self->profile, os, memory != NULL ? g_variant_get_uint64 (memory) : 0,
                    cpus != NULL ? g_variant_get_uint32 (cpus) : 0);
  domain = inn_profile_build (&self->profile, os, source, error);
  if (domain == NULL)
    return;
  if (name == NULL || g_strcmp0 (name, self->proposed_name) == 0)
    {
      g_free (name);
      name = propose_name (self);
      g_free (self->proposed_name);
      self->proposed_name = g_strdup (name);
    }
  general = inn_domain_get (domain, "general");
  inn_element_set (&general, "name", name, NULL);
  keep_chosen (self, before, domain);
  g_clear_pointer (&self->disk_error, g_free);
  clear_rows (self);
  inn_draft_set_domain (self->draft, domain);
  fill_rows (self);
  emit_changed (self);
  self->changed = FALSE;
}

gboolean
inn_summary_page_check (InnSummaryPage *self, GError **error)
{
  InnDomain *domain = inn_draft_get_domain (self->draft);
  g_autofree char *name = NULL;

  if (domain == NULL)
    return FALSE;
  name = inn_domain_dup_name (domain);
  if (inn_draft_has_wrong (self->draft))
    g_set_error_literal (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT,
                         _ ("A value cannot be used: see what is written below it."));
  else if (!inn_create_name_is_free (self->connection, name))
    g_set_error (error, INN_ERROR, INN_ERROR_EXISTS,
                 _ ("There is already a machine called “%s”. Choose another name."), name);
  else if (self->disk_error != NULL && self->source->kind != INN_SOURCE_DISK)
    g_set_error_literal (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT, self->disk_error);
  else
    return inn_domain_check (domain, error);
  return FALSE;
}

gboolean
inn_summary_page_is_changed (InnSummaryPage *self)
{
  return self->changed;
}

InnDomain *
inn_summary_page_get_domain (InnSummaryPage *self)
{
  return inn_draft_get_domain (self->draft);
}

guint64
inn_summary_page_get_disk_size (InnSummaryPage *self)
{
  return self->disk_size;
}

gboolean
inn_summary_page_get_start (InnSummaryPage *self)
{
  return self->start;
}

void
inn_summary_page_forget (InnSummaryPage *self)
{
  clear_rows (self);
  inn_draft_set_domain (self->draft, NULL);
  g_clear_pointer (&self->proposed_name, g_free);
  g_clear_pointer (&self->proposed, inn_domain_unref);
  self->proposed_size = 0;
  self->disk_size = 0;
  self->start = TRUE;
}
