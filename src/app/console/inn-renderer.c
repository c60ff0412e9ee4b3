/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Which of GTK's renderers draws a console cheapest on this computer. */
#include "inn-display.h"

#include <epoxy/gl.h>

/* Without a render node there is no card: known without loading a driver (LLVM's, 130 MB, costs the
 * app's start more than all else). */
static gboolean
has_render_node (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/dev/dri", 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_prefix (name, "renderD"))
      return TRUE;
  return FALSE;
}

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
inn_display_prepare (void)
{
  const char *said = g_getenv ("GDK_DEBUG");
  g_autofree char *debug = NULL;

  if (g_getenv ("GSK_RENDERER") != NULL || has_render_node ())
    return;
  debug = g_strconcat (said != NULL ? said : "", said != NULL ? "," : "", "gl-disable", NULL);
  g_setenv ("GDK_DEBUG", debug, TRUE);
}

void
inn_display_prefer_software (GdkDisplay *display)
{
  g_return_if_fail (GDK_IS_DISPLAY (display));

  /* GTK's own key, gsk/gskrenderer.c: the name that GSK_RENDERER would have said. */
  if (g_getenv ("GSK_RENDERER") == NULL && !(has_render_node () && has_graphics_card (display)))
    g_object_set_data (G_OBJECT (display), "gsk-renderer", (gpointer) "cairo");
}
