/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "guest.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct _Guest
{
  GPid pid;
  int qmp;
  char *folder;
};

/* 16-bit code: mode 13h, a pattern of all 256 colours, then rep stosb of each key's character. */
static const guint8 boot_code[] = {
  0xb8, 0x13, 0x00, 0xcd, 0x10,       /*       mov ax,0x13; int 0x10       */
  0xb8, 0x00, 0xa0, 0x8e, 0xc0,       /*       mov ax,0xa000; mov es,ax    */
  0xfc, 0x31, 0xff, 0xb9, 0x00, 0xfa, /*       cld; xor di,di; mov cx,64000 */
  0x89, 0xf8, 0x30, 0xe0, 0xaa,       /* next: mov ax,di; xor al,ah; stosb */
  0xe2, 0xf9,                         /*       loop next                   */
  0x31, 0xc0, 0xcd, 0x16,             /* key:  xor ax,ax; int 0x16         */
  0x31, 0xff, 0xb9, 0x00, 0xfa,       /*       xor di,di; mov cx,64000     */
  0xf3, 0xaa, 0xeb, 0xf3,             /*       rep stosb; jmp key          */
};

static void
on_child (gpointer data)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

static char *
qmp (Guest *guest, const char *command, int fd)
{
  char control[CMSG_SPACE (sizeof (int))] = { 0 };
  struct iovec iov = { (void *)command, strlen (command) };
  struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
  GString *reply = g_string_new (NULL);

  if (fd >= 0)
    {
      struct cmsghdr *header;

      message.msg_control = control;
      message.msg_controllen = sizeof (control);
      header = CMSG_FIRSTHDR (&message);
      header->cmsg_level = SOL_SOCKET;
      header->cmsg_type = SCM_RIGHTS;
      header->cmsg_len = CMSG_LEN (sizeof (int));
      memcpy (CMSG_DATA (header), &fd, sizeof (int));
    }
  if (*command != '\0')
    g_assert_cmpint (sendmsg (guest->qmp, &message, 0), >, 0);
  while (strstr (reply->str, "\"return\"") == NULL && strstr (reply->str, "\"error\"") == NULL &&
         strstr (reply->str, "\"QMP\"") == NULL)
    {
      char bytes[4096];
      const ssize_t n = read (guest->qmp, bytes, sizeof (bytes));

      g_assert_cmpint (n, >, 0);
      g_string_append_len (reply, bytes, n);
    }
  g_assert_null (strstr (reply->str, "\"error\""));
  return g_string_free (reply, FALSE);
}

Guest *
guest_new (const char *device, int serial)
{
  Guest *guest = g_new0 (Guest, 1);
  g_autoptr (GError) error = NULL;
  g_autofree char *disk = NULL;
  g_autofree char *drive = NULL;
  g_autofree char *image = g_malloc0 (1024 * 1024);
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autofree char *reply = NULL;
  g_autofree char *ready = NULL;
  int ends[2];
  int sources[2], targets[2] = { 8, 9 };

  memcpy (image, boot_code, sizeof (boot_code));
  image[510] = 0x55;
  image[511] = (char)0xaa;
  guest->folder = g_dir_make_tmp ("inn-guest-XXXXXX", &error);
  g_assert_no_error (error);
  disk = g_build_filename (guest->folder, "disk", NULL);
  g_assert_true (g_file_set_contents (disk, image, 1024 * 1024, &error));
  drive = g_strdup_printf ("file=%s,format=raw,if=ide", disk);

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
  guest->qmp = ends[0];
  for (const char *const *arg =
           (const char *const[]){ "qemu-system-x86_64", "-accel", "tcg", "-M", "pc", "-m", "32",
                                  "-nodefaults", "-vnc", "none", "-usb", "-device", "usb-tablet",
                                  "-chardev", "socket,id=q,fd=9,server=off", "-mon",
                                  "chardev=q,mode=control", NULL };
       *arg != NULL; arg++)
    g_ptr_array_add (argv, (char *)*arg);
  g_ptr_array_add (argv, "-device");
  g_ptr_array_add (argv, (char *)device);
  g_ptr_array_add (argv, "-drive");
  g_ptr_array_add (argv, drive);
  if (serial >= 0)
    {
      g_ptr_array_add (argv, "-chardev");
      g_ptr_array_add (argv, "socket,id=s,fd=8,server=off");
      g_ptr_array_add (argv, "-serial");
      g_ptr_array_add (argv, "chardev:s");
    }
  g_ptr_array_add (argv, NULL);
  sources[0] = serial >= 0 ? serial : ends[1];
  sources[1] = ends[1];
  g_assert_true (g_spawn_async_with_pipes_and_fds (
      NULL, (const char *const *)argv->pdata, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD,
      on_child, NULL, -1, -1, -1, sources, targets, 2, &guest->pid, NULL, NULL, NULL, &error));
  g_assert_no_error (error);
  close (ends[1]);
  if (serial >= 0)
    close (serial);
  reply = qmp (guest, "", -1);
  ready = qmp (guest, "{\"execute\":\"qmp_capabilities\"}\n", -1);
  return guest;
}

void
guest_free (Guest *guest)
{
  g_autofree char *disk = g_build_filename (guest->folder, "disk", NULL);
  g_autofree char *dump = g_build_filename (guest->folder, "dump", NULL);

  kill (guest->pid, SIGKILL);
  while (waitpid (guest->pid, NULL, 0) < 0 && errno == EINTR)
    ;
  close (guest->qmp);
  unlink (disk);
  unlink (dump);
  rmdir (guest->folder);
  g_free (guest->folder);
  g_free (guest);
}

int
guest_open_vnc (Guest *guest)
{
  g_autofree char *passed = NULL;
  g_autofree char *added = NULL;
  int ends[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
  passed = qmp (guest, "{\"execute\":\"getfd\",\"arguments\":{\"fdname\":\"v\"}}\n", ends[1]);
  close (ends[1]);
  added = qmp (guest,
               "{\"execute\":\"add_client\",\"arguments\":{\"protocol\":\"vnc\",\"fdname\":\"v\","
               "\"skipauth\":true}}\n",
               -1);
  return ends[0];
}

guint32 *
guest_screendump (Guest *guest, int *out_width, int *out_height)
{
  g_autofree char *file = g_build_filename (guest->folder, "dump", NULL);
  g_autofree char *command =
      g_strdup_printf ("{\"execute\":\"screendump\",\"arguments\":{\"filename\":\"%s\"}}\n", file);
  g_autofree char *reply = qmp (guest, command, -1);
  g_autofree char *bytes = NULL;
  g_autoptr (GError) error = NULL;
  guint32 *pixels;
  gsize length;
  int header = 0;

  g_assert_true (g_file_get_contents (file, &bytes, &length, &error));
  g_assert_cmpint (sscanf (bytes, "P6 %d %d 255%n", out_width, out_height, &header), ==, 2);
  header++;
  g_assert_cmpuint (length, ==, (gsize)header + (gsize)*out_width * *out_height * 3);
  pixels = g_new (guint32, (gsize)*out_width * *out_height);
  for (gsize i = 0; i < (gsize)*out_width * *out_height; i++)
    {
      const guint8 *rgb = (const guint8 *)bytes + header + i * 3;
      pixels[i] = (guint32)rgb[0] << 16 | (guint32)rgb[1] << 8 | rgb[2];
    }
  return pixels;
}
