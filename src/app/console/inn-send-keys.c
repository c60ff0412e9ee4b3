/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "inn-send-keys.h"

#include <glib/gi18n.h>
#include <linux/input-event-codes.h>
#include "app/inn-report.h"
#include "inn-qnum.h"

#define KEY(x) INN_KEYCODE (x)

void
inn_send_keys (InnDisplay *display, const char *name)
{
#define CTRL_ALT(name, code)                                                                       \
  {                                                                                                \
    "ctrl-alt-" name,                                                                              \
    {                                                                                              \
      KEY (KEY_LEFTCTRL), KEY (KEY_LEFTALT), KEY (code)                                            \
    }                                                                                              \
  }
  static const struct
  {
    const char *name;
    guint keycodes[4];
  } combinations[] = {
    CTRL_ALT ("del", KEY_DELETE),
    CTRL_ALT ("backspace", KEY_BACKSPACE),
    CTRL_ALT ("f1", KEY_F1),
    CTRL_ALT ("f2", KEY_F2),
    CTRL_ALT ("f3", KEY_F3),
    CTRL_ALT ("f4", KEY_F4),
    CTRL_ALT ("f5", KEY_F5),
    CTRL_ALT ("f6", KEY_F6),
    CTRL_ALT ("f7", KEY_F7),
    { "ctrl-alt", { KEY (KEY_LEFTCTRL), KEY (KEY_LEFTALT) } },
    { "print", { KEY (KEY_SYSRQ) } },
    { "super", { KEY (KEY_LEFTMETA) } },
    { "alt-tab", { KEY (KEY_LEFTALT), KEY (KEY_TAB) } },
    { "alt-f4", { KEY (KEY_LEFTALT), KEY (KEY_F4) } },
  };
#undef CTRL_ALT

  for (guint i = 0; i < G_N_ELEMENTS (combinations); i++)
    if (g_str_equal (combinations[i].name, name))
      inn_display_send_keys (display, combinations[i].keycodes);
}

static void
on_text_read (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (InnDisplay) display = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = gdk_clipboard_read_text_finish (GDK_CLIPBOARD (source), result, NULL);

  if (gtk_widget_get_root (GTK_WIDGET (display)) == NULL)
    return;
  if (text == NULL || *text == '\0')
    inn_report_note (GTK_WIDGET (display), _ ("There is no text in the clipboard."));
  else if (inn_display_type (display, text, &error))
    gtk_widget_grab_focus (GTK_WIDGET (display));
  else
    inn_report_error (GTK_WIDGET (display), _ ("The text cannot be typed"), error);
}

void
inn_send_clipboard (InnDisplay *display)
{
  gdk_clipboard_read_text_async (gtk_widget_get_clipboard (GTK_WIDGET (display)), NULL,
                                 on_text_read, g_object_ref (display));
}
