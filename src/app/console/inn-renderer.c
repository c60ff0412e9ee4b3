/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Which of GTK's renderers draws a console cheapest on this computer. */
#include "inn-display.h"

#include <epoxy/gl.h>

static gboolean
has_graphics_card (GdkDisplay *display)
{
  static const char *const software[] = { "llvmpipe", "softpipe", "swrast", "Software" };
  g_autoptr (GdkGLContext) context = gdk_display_create_gl_context (display, NULL);
  const char *name;
  gboolean found = TRUE;

  if (context == NULL || !gdk_gl_context_realize (context, NULL))
    return FALSE;
  gdk_gl_context_make_current (context);
  name = (const char *)glGetString (GL_RENDERER);
  for (guint i = 0; name != NULL && i < G_N_ELEMENTS (software); i++)
    if (strstr (name, software[i]) != NULL)
      found = FALSE;
  gdk_gl_context_clear_current ();
  return name != NULL && found;
}

void
inn_display_prefer_software (GdkDisplay *display)
{
  g_return_if_fail (GDK_IS_DISPLAY (display));

  /* GTK's own key, gsk/gskrenderer.c: the name that GSK_RENDERER would have said. */
  if (g_getenv ("GSK_RENDERER") == NULL && !has_graphics_card (display))
    g_object_set_data (G_OBJECT (display), "gsk-renderer", (gpointer) "cairo");
}
