/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* sound NUMBER HERTZ SECONDS: plays a tone on the sound card with this number, as loud as it goes,
 * by OSS, which needs no library. Ends when it has been played. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/soundcard.h>
#include <unistd.h>

#define RATE     48000
#define CHANNELS 2
#define VOLUME   16000 /* of 32767 */

static int
open_node (const char *name, int number)
{
  char path[32];
  int fd;

  snprintf (path, sizeof path, number == 0 ? "/dev/%s" : "/dev/%s%d", name, number);
  fd = open (path, O_WRONLY);
  if (fd < 0)
    {
      fprintf (stderr, "%s: %s\n", path, strerror (errno));
      exit (EXIT_FAILURE);
    }
  return fd;
}

/* What a card does not have it refuses. */
static void
turn_up (int number)
{
  static const unsigned long knobs[] = { SOUND_MIXER_WRITE_VOLUME, SOUND_MIXER_WRITE_PCM,
                                         SOUND_MIXER_WRITE_SPEAKER };
  int mixer = open_node ("mixer", number);

  for (size_t i = 0; i < sizeof knobs / sizeof *knobs; i++)
    {
      int full = 100 << 8 | 100;

      ioctl (mixer, knobs[i], &full);
    }
  close (mixer);
}

int
main (int argc, char **argv)
{
  static int16_t samples[RATE / 10 * CHANNELS];
  const int number = argc == 4 ? atoi (argv[1]) : 0;
  const double hertz = argc == 4 ? atof (argv[2]) : 440;
  const int tenths = argc == 4 ? atoi (argv[3]) * 10 : 10;
  int format = AFMT_S16_LE, channels = CHANNELS, rate = RATE, fd;

  turn_up (number);
  fd = open_node ("dsp", number);
  if (ioctl (fd, SNDCTL_DSP_SETFMT, &format) < 0 ||
      ioctl (fd, SNDCTL_DSP_CHANNELS, &channels) < 0 || ioctl (fd, SNDCTL_DSP_SPEED, &rate) < 0 ||
      format != AFMT_S16_LE || channels != CHANNELS)
    {
      perror ("the format");
      return EXIT_FAILURE;
    }
  for (int tenth = 0; tenth < tenths; tenth++)
    {
      for (int i = 0; i < RATE / 10; i++)
        samples[2 * i] = samples[2 * i + 1] =
            (int16_t)(VOLUME * sin (2 * M_PI * hertz * (tenth * (RATE / 10) + i) / rate));
      if (write (fd, samples, sizeof samples) != sizeof samples)
        {
          perror ("write");
          return EXIT_FAILURE;
        }
    }
  ioctl (fd, SNDCTL_DSP_SYNC, 0);
  puts ("played");
  return EXIT_SUCCESS;
}
