/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What a person changes about a machine, until it is applied. Knows the model and the machine, no
 * widget. */
#include "inn-draft.h"

#include "details/inn-waiting.h"

#include <glib/gi18n.h>

struct _InnDraft
{
  GObject parent_instance;

  InnMachine *machine;
  GSignalGroup *machine_signals;
  GCancellable *loading;

  InnDomain *domain;
  char *base; /* the document as it came, written by ourselves */
  guint64 generation;
  char *text;         /* edited XML, not yet a document */
  GHashTable *wrong;  /* "node/field" of rows with a value that was refused → Wrong */
  GHashTable *images; /* node of a disk → guint64: size of the image to be made for it */
  GVariant *answer;   /* to the last Apply, or NULL */
  gboolean busy;      /* from Apply until the document that came of it is here */
  gboolean replace;   /* what is changed here may go when the machine's XML comes */
};

G_DEFINE_FINAL_TYPE (InnDraft, inn_draft, G_TYPE_OBJECT)

typedef struct
{
  char *text; /* NULL: none, where there must be one */
  GError *error;
} Wrong;

enum
{
  LOADED,
  EDITED,
  WAITING,
  FAILED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void
wrong_free (gpointer data)
{
  Wrong *wrong = data;

  g_free (wrong->text);
  g_error_free (wrong->error);
  g_free (wrong);
}

static char *
row_key (const InnElement *element, const InnField *field)
{
  return g_strdup_printf ("%p/%s", element->node, field->name);
}

/* The images to be made, by the names of their disks in @from, for the disks of that name in @to.
 */
static GHashTable *
move_images (InnDraft *self, InnDomain *from, InnDomain *to)
{
  GHashTable *moved = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  g_autoptr (GPtrArray) before = inn_domain_list (from, "disk");
  g_autoptr (GPtrArray) after = inn_domain_list (to, "disk");

  for (guint i = 0; i < before->len; i++)
    {
      const InnElement *disk = g_ptr_array_index (before, i);
      const guint64 *size = g_hash_table_lookup (self->images, disk->node);
      g_autofree char *target = inn_element_dup (disk, "target");

      for (guint j = 0; j < after->len && size != NULL && target != NULL; j++)
        {
          const InnElement *same = g_ptr_array_index (after, j);

          if (inn_element_is (same, "target", target))
            g_hash_table_insert (moved, same->node, g_memdup2 (size, sizeof *size));
        }
    }
  return moved;
}

/* @images: NULL: none. */
static void
take_domain (InnDraft *self, InnDomain *domain, GHashTable *images)
{
  g_clear_pointer (&self->domain, inn_domain_unref);
  g_clear_pointer (&self->text, g_free);
  g_hash_table_remove_all (self->wrong);
  g_hash_table_unref (self->images);
  self->images = images != NULL ? images : g_hash_table_new_full (NULL, NULL, NULL, g_free);
  self->domain = domain;
  g_signal_emit (self, signals[LOADED], 0);
  g_signal_emit (self, signals[EDITED], 0);
}

static void
on_xml_got (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (InnDraft) self = data;
  g_autoptr (GError) error = NULL;
  guint64 generation = 0;
  g_autofree char *xml =
      inn_machine_get_xml_finish (INN_MACHINE (source), result, &generation, &error);
  InnDomain *domain = NULL;

  if (g_error_matches (error, INN_ERROR, INN_ERROR_CANCELLED) ||
      g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) || self->machine == NULL ||
      G_OBJECT (self->machine) != source)
    return;
  if (xml != NULL)
    domain = inn_domain_parse (xml, -1, &error);
  if (domain == NULL)
    {
      self->busy = FALSE;
      g_signal_emit (self, signals[FAILED], 0, error);
      return;
    }
  if (!self->replace && inn_draft_is_dirty (self)) /* edited while it was on its way */
    {
      inn_domain_unref (domain);
      g_signal_emit (self, signals[EDITED], 0);
      return;
    }
  self->busy = FALSE;
  self->replace = FALSE;
  g_free (self->base);
  self->base = inn_domain_to_xml (domain);
  self->generation = generation;
  take_domain (self, domain, NULL);
}

static void
on_generation_notify (InnDraft *self)
{
  if (self->busy || inn_machine_get_generation (self->machine) == self->generation)
    return;
  if (inn_draft_is_dirty (self))
    g_signal_emit (self, signals[EDITED], 0);
  else
    inn_draft_load (self);
}

/* The machine's state, too, decides what has to wait. */
static void
on_pending_notify (InnDraft *self)
{
  g_signal_emit (self, signals[WAITING], 0);
}

static void
inn_draft_dispose (GObject *object)
{
  InnDraft *self = INN_DRAFT (object);

  g_cancellable_cancel (self->loading);
  g_clear_object (&self->loading);
  g_clear_object (&self->machine_signals);
  g_clear_object (&self->machine);
  g_clear_pointer (&self->answer, g_variant_unref);
  G_OBJECT_CLASS (inn_draft_parent_class)->dispose (object);
}

static void
inn_draft_finalize (GObject *object)
{
  InnDraft *self = INN_DRAFT (object);

  g_clear_pointer (&self->domain, inn_domain_unref);
  g_free (self->base);
  g_free (self->text);
  g_hash_table_unref (self->wrong);
  g_hash_table_unref (self->images);
  G_OBJECT_CLASS (inn_draft_parent_class)->finalize (object);
}

static void
inn_draft_class_init (InnDraftClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = inn_draft_dispose;
  object_class->finalize = inn_draft_finalize;
  signals[LOADED] = g_signal_new ("loaded", INN_TYPE_DRAFT, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 0);
  signals[EDITED] = g_signal_new ("edited", INN_TYPE_DRAFT, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 0);
  signals[WAITING] = g_signal_new ("waiting", INN_TYPE_DRAFT, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                   NULL, G_TYPE_NONE, 0);
  signals[FAILED] = g_signal_new ("failed", INN_TYPE_DRAFT, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
inn_draft_init (InnDraft *self)
{
  self->wrong = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, wrong_free);
  self->images = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  self->machine_signals = g_signal_group_new (INN_TYPE_MACHINE);
  g_signal_group_connect_swapped (self->machine_signals, "notify::generation",
                                  G_CALLBACK (on_generation_notify), self);
  g_signal_group_connect_swapped (self->machine_signals, "notify::pending",
                                  G_CALLBACK (on_pending_notify), self);
  g_signal_group_connect_swapped (self->machine_signals, "notify::state",
                                  G_CALLBACK (on_pending_notify), self);
}

InnDraft *
inn_draft_new (void)
{
  return g_object_new (INN_TYPE_DRAFT, NULL);
}

void
inn_draft_set_machine (InnDraft *self, InnMachine *machine)
{
  g_return_if_fail (INN_IS_DRAFT (self));

  if (!g_set_object (&self->machine, machine))
    return;
  g_cancellable_cancel (self->loading);
  g_clear_pointer (&self->answer, g_variant_unref);
  g_clear_pointer (&self->base, g_free);
  self->generation = 0;
  self->busy = FALSE;
  self->replace = FALSE;
  take_domain (self, NULL, NULL);
  g_signal_group_set_target (self->machine_signals, machine);
  if (machine != NULL)
    inn_draft_load (self);
}

InnMachine *
inn_draft_get_machine (InnDraft *self)
{
  g_return_val_if_fail (INN_IS_DRAFT (self), NULL);

  return self->machine;
}

void
inn_draft_load (InnDraft *self)
{
  g_return_if_fail (INN_IS_DRAFT (self));

  g_cancellable_cancel (self->loading);
  g_clear_object (&self->loading);
  if (self->machine == NULL)
    return;
  self->loading = g_cancellable_new ();
  inn_machine_get_xml_async (self->machine, FALSE, self->loading, on_xml_got, g_object_ref (self));
}

void
inn_draft_set_domain (InnDraft *self, InnDomain *domain)
{
  g_return_if_fail (INN_IS_DRAFT (self));
  g_return_if_fail (self->machine == NULL);

  g_free (self->base);
  self->base = domain != NULL ? inn_domain_to_xml (domain) : NULL;
  take_domain (self, domain != NULL ? inn_domain_ref (domain) : NULL, NULL);
}

gboolean
inn_draft_has_wrong (InnDraft *self)
{
  g_return_val_if_fail (INN_IS_DRAFT (self), FALSE);

  return g_hash_table_size (self->wrong) > 0;
}

InnDomain *
inn_draft_get_domain (InnDraft *self)
{
  g_return_val_if_fail (INN_IS_DRAFT (self), NULL);

  return self->domain;
}

gboolean
inn_draft_is_dirty (InnDraft *self)
{
  g_autofree char *now = NULL;

  g_return_val_if_fail (INN_IS_DRAFT (self), FALSE);

  if (self->domain == NULL)
    return FALSE;
  if (self->text != NULL || g_hash_table_size (self->wrong) > 0)
    return TRUE;
  now = inn_domain_to_xml (self->domain);
  return !g_str_equal (now, self->base);
}

gboolean
inn_draft_is_busy (InnDraft *self)
{
  g_return_val_if_fail (INN_IS_DRAFT (self), FALSE);

  return self->busy;
}

gboolean
inn_draft_is_outdated (InnDraft *self)
{
  g_return_val_if_fail (INN_IS_DRAFT (self), FALSE);

  return self->machine != NULL && self->domain != NULL && !self->busy &&
         inn_machine_get_generation (self->machine) != self->generation;
}

gboolean
inn_draft_can_apply (InnDraft *self)
{
  g_return_val_if_fail (INN_IS_DRAFT (self), FALSE);

  return !self->busy && g_hash_table_size (self->wrong) == 0 && inn_draft_is_dirty (self);
}

char *
inn_draft_dup_wait (InnDraft *self, const char *id, const InnField *field)
{
  g_autofree char *name = field != NULL ? g_strdup_printf ("%s/%s", id, field->name) : NULL;

  g_return_val_if_fail (INN_IS_DRAFT (self), NULL);

  return self->machine != NULL
             ? inn_waiting_dup_reason (self->machine, self->answer, field != NULL ? name : id)
             : NULL;
}

gboolean
inn_draft_set (InnDraft *self,
               InnElement *element,
               const InnField *field,
               const char *text,
               GError **error)
{
  g_autofree char *key = row_key (element, field);
  GError *refused = NULL;
  Wrong *wrong;

  g_return_val_if_fail (INN_IS_DRAFT (self), FALSE);

  g_hash_table_remove (self->wrong, key);
  if (text == NULL && (field->flags & INN_FIELD_REQUIRED) != 0)
    g_set_error_literal (&refused, INN_ERROR, INN_ERROR_INVALID_ARGUMENT,
                         _ ("This must not be empty."));
  else if (inn_element_set (element, field->name, text, &refused))
    {
      inn_disk_follow_group (element, field);
      if (element->kind->follow != NULL)
        element->kind->follow (element, field);
    }
  if (refused != NULL)
    {
      g_propagate_error (error, g_error_copy (refused));
      wrong = g_new (Wrong, 1);
      wrong->text = g_strdup (text);
      wrong->error = refused;
      g_hash_table_insert (self->wrong, g_steal_pointer (&key), wrong);
    }
  g_signal_emit (self, signals[EDITED], 0);
  return refused == NULL;
}

const GError *
inn_draft_get_wrong (InnDraft *self,
                     const InnElement *element,
                     const InnField *field,
                     const char **out_text)
{
  g_autofree char *key = row_key (element, field);
  const Wrong *wrong;

  g_return_val_if_fail (INN_IS_DRAFT (self), NULL);

  wrong = g_hash_table_lookup (self->wrong, key);
  if (wrong != NULL && out_text != NULL)
    *out_text = wrong->text;
  return wrong != NULL ? wrong->error : NULL;
}

InnElement
inn_draft_add (InnDraft *self, const char *kind_name)
{
  InnElement element = inn_domain_add (self->domain, kind_name);

  g_signal_emit (self, signals[EDITED], 0);
  return element;
}

void
inn_draft_remove (InnDraft *self, InnElement *element)
{
  g_return_if_fail (INN_IS_DRAFT (self));

  for (const InnField *field = element->kind->fields; field->name != NULL; field++)
    {
      g_autofree char *key = row_key (element, field);

      g_hash_table_remove (self->wrong, key);
    }
  g_hash_table_remove (self->images, element->node);
  inn_domain_remove (element);
  g_signal_emit (self, signals[EDITED], 0);
}

void
inn_draft_set_new_image (InnDraft *self, const InnElement *element, guint64 size)
{
  g_return_if_fail (INN_IS_DRAFT (self));

  if (size == 0)
    g_hash_table_remove (self->images, element->node);
  else
    g_hash_table_insert (self->images, element->node, g_memdup2 (&size, sizeof size));
  g_signal_emit (self, signals[EDITED], 0);
}

guint64
inn_draft_get_new_image (InnDraft *self, const InnElement *element)
{
  const guint64 *size;

  g_return_val_if_fail (INN_IS_DRAFT (self), 0);

  size = g_hash_table_lookup (self->images, element->node);
  return size != NULL ? *size : 0;
}

char *
inn_draft_dup_xml (InnDraft *self)
{
  g_return_val_if_fail (INN_IS_DRAFT (self), NULL);

  if (self->text != NULL)
    return g_strdup (self->text);
  return self->domain != NULL ? inn_domain_to_xml (self->domain) : g_strdup ("");
}

void
inn_draft_set_text (InnDraft *self, const char *text)
{
  g_autofree char *now = NULL;

  g_return_if_fail (INN_IS_DRAFT (self));

  if (self->domain == NULL)
    return;
  g_clear_pointer (&self->text, g_free);
  now = inn_domain_to_xml (self->domain);
  if (!g_str_equal (now, text))
    self->text = g_strdup (text);
  g_signal_emit (self, signals[EDITED], 0);
}

gboolean
inn_draft_has_text (InnDraft *self)
{
  g_return_val_if_fail (INN_IS_DRAFT (self), FALSE);

  return self->text != NULL;
}

gboolean
inn_draft_commit_text (InnDraft *self, GError **error)
{
  InnDomain *domain;

  g_return_val_if_fail (INN_IS_DRAFT (self), FALSE);

  if (self->text == NULL)
    return TRUE;
  domain = inn_domain_parse (self->text, -1, error);
  if (domain == NULL)
    return FALSE;
  take_domain (self, domain, move_images (self, self->domain, domain));
  return TRUE;
}

void
inn_draft_discard (InnDraft *self)
{
  InnDomain *domain;

  g_return_if_fail (INN_IS_DRAFT (self));

  if (inn_draft_is_outdated (self))
    {
      self->replace = TRUE;
      inn_draft_load (self);
      return;
    }
  domain = self->base != NULL ? inn_domain_parse (self->base, -1, NULL) : NULL;
  if (domain != NULL)
    take_domain (self, domain, NULL);
}

static void
on_applied (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  InnDraft *self = g_task_get_source_object (task);
  GError *error = NULL;
  GVariant *changes = inn_machine_apply_finish (INN_MACHINE (source), result, &error);

  if (G_OBJECT (self->machine) == source)
    {
      g_clear_pointer (&self->answer, g_variant_unref);
      self->answer = changes != NULL ? g_variant_ref (changes) : NULL;
      self->busy = changes != NULL;
      self->replace = changes != NULL;
      if (changes != NULL)
        inn_draft_load (self);
      g_signal_emit (self, signals[EDITED], 0);
    }
  if (changes != NULL)
    g_task_return_pointer (task, changes, (GDestroyNotify)g_variant_unref);
  else
    g_task_return_error (task, error);
}

/* aa{sv}: the images to be made, of disks for which no file was chosen since; NULL: none. */
static GVariant *
storage_orders (InnDraft *self)
{
  g_autoptr (GPtrArray) disks = inn_domain_list (self->domain, "disk");
  GVariantBuilder orders;
  guint n = 0;

  g_variant_builder_init (&orders, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < disks->len; i++)
    {
      const InnElement *disk = g_ptr_array_index (disks, i);
      guint64 size = inn_draft_get_new_image (self, disk);
      g_autofree char *target = inn_element_dup (disk, "target");

      if (size == 0 || inn_element_has (disk, "source") || inn_element_has (disk, "block"))
        continue;
      g_variant_builder_add_parsed (&orders, "{'target': <%s>, 'size': <%t>}", target, size);
      n++;
    }
  if (n > 0)
    return g_variant_builder_end (&orders);
  g_variant_builder_clear (&orders);
  return NULL;
}

void
inn_draft_apply_async (InnDraft *self, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);
  g_autofree char *xml = NULL;
  GError *error = NULL;

  g_return_if_fail (INN_IS_DRAFT (self));
  g_return_if_fail (self->machine != NULL && self->domain != NULL && !self->busy);

  g_task_set_source_tag (task, inn_draft_apply_async);
  if (!inn_draft_commit_text (self, &error) || !inn_domain_check (self->domain, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  xml = inn_domain_to_xml (self->domain);
  self->busy = TRUE;
  g_signal_emit (self, signals[EDITED], 0);
  inn_machine_apply_async (self->machine, xml, self->generation, storage_orders (self), NULL,
                           on_applied, g_steal_pointer (&task));
}

GVariant *
inn_draft_apply_finish (InnDraft *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
