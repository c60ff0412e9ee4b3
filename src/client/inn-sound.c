/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "inn-sound.h"

#include "inn-program.h"

#define PROGRAM "innkeeper-sound"
#define SOCKET  3 /* in the program */

struct _InnSound
{
  GObject parent_instance;

  GCancellable *cancellable;
  GSubprocess *process; /* lives as long as its standard input is open */
  gboolean over;        /* nothing comes any more: the machine has ended, or it failed */
};

G_DEFINE_FINAL_TYPE (InnSound, inn_sound, G_TYPE_OBJECT)

static void
on_ended (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (InnSound) self = data;

  g_subprocess_wait_finish (G_SUBPROCESS (source), result, NULL);
  self->over = TRUE;
}

static void
on_opened (GObject *object, GAsyncResult *result, gpointer data)
{
  g_autoptr (GSubprocessLauncher) launcher =
      g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDIN_PIPE);
  g_autofree char *program = inn_program_dup ("sound", PROGRAM);
  InnMachine *machine = INN_MACHINE (object);
  g_autoptr (InnSound) self = data;
  g_autoptr (GError) error = NULL;
  const int fd = inn_machine_open_finish (machine, result, &error);

  self->over = TRUE;
  if (fd < 0)
    return; /* the screen, which is opened the same way, says why */
  g_subprocess_launcher_take_fd (launcher, fd, SOCKET);
  if (!g_cancellable_is_cancelled (self->cancellable))
    self->process = g_subprocess_launcher_spawn (launcher, &error, program,
                                                 inn_machine_get_name (machine), (char *)NULL);
  if (self->process == NULL)
    return;
  self->over = FALSE;
  g_subprocess_wait_async (self->process, self->cancellable, on_ended, g_object_ref (self));
}

static void
inn_sound_dispose (GObject *object)
{
  InnSound *self = INN_SOUND (object);

  g_clear_object (&self->process);
  G_OBJECT_CLASS (inn_sound_parent_class)->dispose (object);
}

static void
inn_sound_finalize (GObject *object)
{
  g_object_unref (INN_SOUND (object)->cancellable);
  G_OBJECT_CLASS (inn_sound_parent_class)->finalize (object);
}

static void
inn_sound_class_init (InnSoundClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = inn_sound_dispose;
  G_OBJECT_CLASS (klass)->finalize = inn_sound_finalize;
}

static void
inn_sound_init (InnSound *self)
{
  self->cancellable = g_cancellable_new ();
}

static InnSound *
inn_sound_new (InnMachine *machine)
{
  InnSound *self = g_object_new (INN_TYPE_SOUND, NULL);

  inn_machine_open_display_async (machine, "vnc", self->cancellable, on_opened,
                                  g_object_ref (self));
  return self;
}

void
inn_sound_keep (InnSound **sound, InnMachine *machine)
{
  g_autofree char *program = inn_program_dup ("sound", PROGRAM);
  const gboolean has_sound =
      inn_machine_has_sound (machine) && g_file_test (program, G_FILE_TEST_IS_EXECUTABLE);

  if (*sound != NULL && (!has_sound || (*sound)->over))
    inn_sound_end (sound);
  if (*sound == NULL && has_sound)
    *sound = inn_sound_new (machine);
}

void
inn_sound_end (InnSound **sound)
{
  if (*sound == NULL)
    return;
  /* What is under way, and the program's wait, hold it until they are told. */
  g_cancellable_cancel ((*sound)->cancellable);
  if ((*sound)->process != NULL)
    g_output_stream_close (g_subprocess_get_stdin_pipe ((*sound)->process), NULL, NULL);
  g_clear_object (sound);
}
