/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "inn-typing.h"

#include <glib/gi18n.h>
#include <linux/input-event-codes.h>
#include "inn-qnum.h"
#include "shared/inn-errors.h"

/* QEMU's USB keyboard tells of one key each 8 ms and holds 16, its PS/2 keyboard 16 bytes. */
#define STEP_MS 10

typedef enum
{
  MODIFIER_SHIFT = 1 << 0,
  MODIFIER_LEVEL3 = 1 << 1,
} Modifiers;

static const struct
{
  Modifiers bit;
  guint keyval, keycode;
} modifiers[] = {
  { MODIFIER_SHIFT, GDK_KEY_Shift_L, INN_KEYCODE (KEY_LEFTSHIFT) },
  { MODIFIER_LEVEL3, GDK_KEY_ISO_Level3_Shift, INN_KEYCODE (KEY_RIGHTALT) },
};

/* The key of one character. */
typedef struct
{
  guint keyval, qnum;
  Modifiers held;
} Stroke;

typedef struct
{
  guint keyval, qnum;
  gboolean down;
} Step;

struct _InnTyping
{
  InnDisplaySource *source;
  GArray *steps; /* Step */
  guint next;
  guint timeout;
  void (*ended) (gpointer data);
  gpointer data;
};

/* Of two keys that type the same: the first layout's, then one that each keyboard has (a European
 * keyboard has one more beside the left Shift, which is something else to an American one), then
 * the one with less held. */
static gboolean
is_better (const GdkKeymapKey *key, const GdkKeymapKey *other)
{
  const gboolean everywhere = key->keycode <= INN_KEYCODE (KEY_SPACE);
  const gboolean other_everywhere = other->keycode <= INN_KEYCODE (KEY_SPACE);

  if (key->group != other->group)
    return key->group < other->group;
  if (everywhere != other_everywhere)
    return everywhere;
  return key->level < other->level;
}

static gboolean
find_by_layout (GdkDisplay *display, Stroke *stroke)
{
  /* Of a level: what is held for it. */
  static const Modifiers levels[] = { 0, MODIFIER_SHIFT, MODIFIER_LEVEL3,
                                      MODIFIER_SHIFT | MODIFIER_LEVEL3 };
  g_autofree GdkKeymapKey *keys = NULL;
  const GdkKeymapKey *best = NULL;
  int n = 0;

  if (!gdk_display_map_keyval (display, stroke->keyval, &keys, &n))
    return FALSE;
  for (int i = 0; i < n; i++)
    if (keys[i].level >= 0 && keys[i].level < (int)G_N_ELEMENTS (levels) &&
        inn_qnum_from_keycode (keys[i].keycode) != 0 &&
        (best == NULL || is_better (&keys[i], best)))
      best = &keys[i];
  if (best == NULL)
    return FALSE;
  stroke->qnum = inn_qnum_from_keycode (best->keycode);
  stroke->held = levels[best->level];
  return TRUE;
}

static gboolean
find (GdkDisplay *display, gunichar character, Stroke *stroke)
{
  gboolean shift = FALSE;

  stroke->keyval = character == '\n'   ? GDK_KEY_Return
                   : character == '\t' ? GDK_KEY_Tab
                                       : gdk_unicode_to_keyval (character);
  stroke->held = 0;
  if (g_unichar_iscntrl (character) && character != '\n' && character != '\t')
    return FALSE;
  if (find_by_layout (display, stroke))
    return TRUE;
  /* A browser knows no layout. */
  stroke->qnum = inn_qnum_of_us (stroke->keyval, &shift);
  stroke->held = shift ? MODIFIER_SHIFT : 0;
  return stroke->qnum != 0 && g_str_equal (G_OBJECT_TYPE_NAME (display), "GdkBroadwayDisplay");
}

static void
add (InnTyping *self, guint keyval, guint qnum, gboolean down)
{
  const Step step = { keyval, qnum, down };

  g_array_append_val (self->steps, step);
}

static void
add_caps_lock (InnTyping *self)
{
  const guint qnum = inn_qnum_from_keycode (INN_KEYCODE (KEY_CAPSLOCK));

  add (self, GDK_KEY_Caps_Lock, qnum, TRUE);
  add (self, GDK_KEY_Caps_Lock, qnum, FALSE);
}

static void
hold (InnTyping *self, Modifiers held, Modifiers wanted)
{
  for (guint i = 0; i < G_N_ELEMENTS (modifiers); i++)
    if ((held ^ wanted) & modifiers[i].bit)
      add (self, modifiers[i].keyval, inn_qnum_from_keycode (modifiers[i].keycode),
           (wanted & modifiers[i].bit) != 0);
}

static void
refuse (gunichar character, GError **error)
{
  char text[7] = { 0 };

  if (g_unichar_iscntrl (character))
    {
      g_set_error (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT,
                   _ ("The text has a control character, U+%04X, that no key types. Copy it "
                      "without that."),
                   character);
      return;
    }
  g_unichar_to_utf8 (character, text);
  g_set_error (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT,
               _ ("The keyboard layout of this computer has no key for “%s”. Copy the text without "
                  "it, or choose a layout that has it here and in the machine."),
               text);
}

static gboolean
plan (InnTyping *self, GdkDisplay *display, const char *text, GError **error)
{
  Modifiers held = 0;

  for (; *text != '\0'; text = g_utf8_next_char (text))
    {
      Stroke stroke;

      if (text[0] == '\r' && text[1] == '\n')
        continue;
      if (!find (display, g_utf8_get_char (text), &stroke))
        {
          refuse (g_utf8_get_char (text), error);
          return FALSE;
        }
      hold (self, held, stroke.held);
      held = stroke.held;
      add (self, stroke.keyval, stroke.qnum, TRUE);
      add (self, stroke.keyval, stroke.qnum, FALSE);
    }
  hold (self, held, 0);
  return TRUE;
}

InnTyping *
inn_typing_new (GdkDisplay *display, InnDisplaySource *source, const char *text, GError **error)
{
  g_autoptr (InnTyping) self = NULL;
  InnLocks locks = 0;
  gboolean capitals;

  g_return_val_if_fail (GDK_IS_DISPLAY (display), NULL);
  g_return_val_if_fail (INN_IS_DISPLAY_SOURCE (source), NULL);
  g_return_val_if_fail (g_utf8_validate (text, -1, NULL), NULL);
  if (g_utf8_strlen (text, -1) > INN_TYPING_MAX)
    {
      g_set_error (error, INN_ERROR, INN_ERROR_INVALID_ARGUMENT,
                   _ ("The text has more than %u characters. Copy less of it at once."),
                   INN_TYPING_MAX);
      return NULL;
    }
  self = g_new0 (InnTyping, 1);
  self->source = g_object_ref (source);
  self->steps = g_array_new (FALSE, FALSE, sizeof (Step));
  capitals = inn_display_source_get_locks (source, &locks) && (locks & INN_LOCKS_CAPS);
  if (capitals)
    add_caps_lock (self);
  if (!plan (self, display, text, error))
    return NULL;
  if (capitals)
    add_caps_lock (self);
  return g_steal_pointer (&self);
}

static gboolean
on_step (gpointer data)
{
  InnTyping *self = data;
  const Step step = g_array_index (self->steps, Step, self->next);

  self->next++;
  inn_display_source_key (self->source, step.keyval, step.qnum, step.down);
  if (self->next < self->steps->len)
    return G_SOURCE_CONTINUE;
  self->timeout = 0;
  self->ended (self->data); /* which may free it */
  return G_SOURCE_REMOVE;
}

void
inn_typing_begin (InnTyping *self, void (*ended) (gpointer data), gpointer data)
{
  g_return_if_fail (self->timeout == 0 && self->steps->len > 0);
  self->ended = ended;
  self->data = data;
  self->timeout = g_timeout_add (STEP_MS, on_step, self);
}

/* What is down, the last pressed first. */
static void
release (InnTyping *self)
{
  for (guint i = self->next; i > 0; i--)
    {
      const Step *step = &g_array_index (self->steps, Step, i - 1);
      gboolean up = !step->down;

      for (guint j = i; j < self->next && !up; j++)
        up = g_array_index (self->steps, Step, j).qnum == step->qnum;
      if (!up)
        inn_display_source_key (self->source, step->keyval, step->qnum, FALSE);
    }
}

void
inn_typing_free (InnTyping *self)
{
  g_clear_handle_id (&self->timeout, g_source_remove);
  release (self);
  g_object_unref (self->source);
  g_array_unref (self->steps);
  g_free (self);
}
