/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Opening a file that a user names, with that user's rights: in a child that becomes the user and
 * hands the fd back. Knows no machine. */
#include "vmh-bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "shared/inn-errors.h"
#include "vmh-store.h"

/* A file on a network that does not answer must not hold all other callers for longer. */
#define OPEN_WAIT_MS 5000

/* Flags that a reader or writer of an existing image needs. */
#define OPEN_FLAGS (O_ACCMODE | O_DIRECT | O_SYNC | O_DSYNC | O_NOFOLLOW)

/* Instead of flags to open() with. */
#define DO_UNLINK (-1)

typedef struct
{
  uid_t uid;
  gid_t gid;
  int n_groups;
  gid_t groups[NGROUPS_MAX];
} Identity;

/* Looks before it opens: to open a tape drive or a fifo has effects of its own. Only system calls,
 * because it runs in a child between fork and exit. Answers an fd or -errno. */
static int
open_image (const char *path, int flags)
{
  char magic[32] = "/proc/self/fd/";
  char digits[16];
  int look = open (path, O_PATH | O_CLOEXEC | (flags & O_NOFOLLOW));
  int fd, n = 0, at = (int)strlen (magic);
  struct stat st;

  if (look < 0)
    return -errno;
  if (fstat (look, &st) < 0)
    return -errno;
  if (S_ISDIR (st.st_mode))
    return -EISDIR;
  if (!S_ISREG (st.st_mode) && !S_ISBLK (st.st_mode))
    return -ENOTBLK;
  for (int rest = look; n == 0 || rest > 0; rest /= 10)
    digits[n++] = (char)('0' + rest % 10);
  while (n > 0)
    magic[at++] = digits[--n];
  magic[at] = '\0';
  fd = open (magic, (flags & ~O_NOFOLLOW) | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (fd < 0)
    {
      int code = errno;

      close (look);
      return -code;
    }
  close (look);
  fcntl (fd, F_SETFL, fcntl (fd, F_GETFL) & ~O_NONBLOCK);
  return fd;
}

/* Answers 0 or -errno. */
static int
unlink_image (const char *path)
{
  struct stat st;

  if (lstat (path, &st) < 0)
    return errno == ENOENT ? 0 : -errno;
  if (!S_ISREG (st.st_mode))
    return -ENOTBLK;
  return unlink (path) < 0 ? -errno : 0;
}

static gboolean
send_answer (int socket, int code, int fd)
{
  char control[CMSG_SPACE (sizeof (int))] = { 0 };
  struct iovec iov = { &code, sizeof code };
  struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };

  if (fd >= 0)
    {
      struct cmsghdr *header;

      message.msg_control = control;
      message.msg_controllen = sizeof control;
      header = CMSG_FIRSTHDR (&message);
      header->cmsg_level = SOL_SOCKET;
      header->cmsg_type = SCM_RIGHTS;
      header->cmsg_len = CMSG_LEN (sizeof (int));
      memcpy (CMSG_DATA (header), &fd, sizeof (int));
    }
  return sendmsg (socket, &message, MSG_NOSIGNAL) == (ssize_t)sizeof code;
}

static int
receive_answer (int socket, int *out_code)
{
  char control[CMSG_SPACE (sizeof (int))] = { 0 };
  struct iovec iov = { out_code, sizeof *out_code };
  struct msghdr message = {
    .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control
  };
  struct pollfd waiting = { .fd = socket, .events = POLLIN };
  struct cmsghdr *header;
  int fd = -1;
  int ready;

  *out_code = ETIMEDOUT;
  do
    ready = poll (&waiting, 1, OPEN_WAIT_MS);
  while (ready < 0 && errno == EINTR);
  if (ready <= 0)
    return -1;
  if (recvmsg (socket, &message, MSG_CMSG_CLOEXEC) != (ssize_t)sizeof *out_code)
    {
      *out_code = EIO;
      return -1;
    }
  header = CMSG_FIRSTHDR (&message);
  if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
    memcpy (&fd, CMSG_DATA (header), sizeof (int));
  return fd;
}

/* The raw calls: glibc's would want to tell threads that the child does not have. */
static _Noreturn void
child (const Identity *identity, int socket, const char *path, int flags)
{
  int fd = -EPERM; /* what is opened, 0 for what is removed, or -errno */

  if (syscall (SYS_setgroups, (size_t)identity->n_groups, identity->groups) == 0 &&
      syscall (SYS_setresgid, identity->gid, identity->gid, identity->gid) == 0 &&
      syscall (SYS_setresuid, identity->uid, identity->uid, identity->uid) == 0)
    fd = flags == DO_UNLINK ? unlink_image (path) : open_image (path, flags);
  send_answer (socket, fd < 0 ? -fd : 0, flags == DO_UNLINK ? -1 : fd);
  _exit (0);
}

static gboolean
find_identity (uid_t uid, Identity *identity, GError **error)
{
  g_autofree char *buffer = g_malloc (16384);
  struct passwd entry;
  struct passwd *found = NULL;

  identity->uid = uid;
  identity->n_groups = NGROUPS_MAX;
  if (getpwuid_r (uid, &entry, buffer, 16384, &found) != 0 || found == NULL)
    {
      g_set_error (error, INN_ERROR, INN_ERROR_DENIED,
                   _ ("The user %u is not known to this computer."), (guint)uid);
      return FALSE;
    }
  identity->gid = found->pw_gid;
  if (getgrouplist (found->pw_name, found->pw_gid, identity->groups, &identity->n_groups) < 0)
    identity->n_groups = 0; /* less than all is right, more would not be */
  return TRUE;
}

static void
on_child_gone (GPid pid, int status, gpointer data)
{
}

static int
open_in_child (uid_t uid, const char *path, int flags, int *out_code, GError **error)
{
  g_autofree Identity *identity = g_new0 (Identity, 1);
  int pair[2];
  int fd;
  pid_t pid;

  *out_code = 0;
  if (!find_identity (uid, identity, error))
    return -1;
  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
    {
      vmh_set_errno (error, errno, path);
      return -1;
    }
  pid = fork ();
  if (pid == 0)
    child (identity, pair[1], path, flags);
  close (pair[1]);
  if (pid < 0)
    {
      *out_code = errno;
      fd = -1;
    }
  else
    {
      fd = receive_answer (pair[0], out_code);
      if (*out_code == ETIMEDOUT)
        {
          /* Stuck in the kernel, it may take its time to die. */
          kill (pid, SIGKILL);
          g_child_watch_add (pid, on_child_gone, NULL);
        }
      else
        while (waitpid (pid, NULL, 0) < 0 && errno == EINTR)
          ;
    }
  close (pair[0]);
  return fd;
}

static void
set_open_error (GError **error, int code, const char *path)
{
  if (code == ENOTBLK || code == EISDIR)
    g_set_error (error, INN_ERROR, INN_ERROR_BAD_IMAGE,
                 _ ("“%s” is neither a file nor a disk. Choose an image file."), path);
  else if (code == EACCES || code == EPERM)
    g_set_error (error, INN_ERROR, INN_ERROR_DENIED,
                 _ ("“%s” may not be opened by the machine's owner. Change its permissions or "
                    "choose another file."),
                 path);
  else if (code == ENOENT)
    g_set_error (error, INN_ERROR, INN_ERROR_NOT_FOUND,
                 _ ("“%s” is not there. Choose another file."), path);
  else
    vmh_set_errno (error, code, path);
}

/* Answers the fd, or -1; for DO_UNLINK only the error counts. */
static int
act_as (uid_t uid, const char *path, int flags, GError **error)
{
  GError *local = NULL;
  int code = 0;
  int fd = -1;

  if (!g_path_is_absolute (path))
    g_set_error (&local, INN_ERROR, INN_ERROR_INVALID_ARGUMENT,
                 _ ("“%s” is not a complete file name."), path);
  else if (uid != geteuid ())
    fd = open_in_child (uid, path, flags, &code, &local);
  else if (flags == DO_UNLINK)
    code = -unlink_image (path);
  else
    {
      fd = open_image (path, flags);
      code = fd < 0 ? -fd : 0;
    }
  if (local == NULL && code != 0)
    set_open_error (&local, code, path);
  else if (local == NULL && fd < 0 && flags != DO_UNLINK)
    set_open_error (&local, EIO, path);
  if (local == NULL)
    return fd;
  g_propagate_error (error, local);
  return -1;
}

int
vmh_open_as (uid_t uid, const char *path, int flags, GError **error)
{
  g_return_val_if_fail ((flags & ~OPEN_FLAGS) == 0, -1);
  return act_as (uid, path, flags, error);
}

gboolean
vmh_unlink_as (uid_t uid, const char *path, GError **error)
{
  GError *local = NULL;

  act_as (uid, path, DO_UNLINK, &local);
  if (local != NULL)
    g_propagate_error (error, local);
  return local == NULL;
}

typedef struct
{
  uid_t uid;
  char *path;
  int flags;
  int fd;
} Opening;

static void
opening_free (gpointer data)
{
  Opening *opening = data;

  if (opening->fd >= 0)
    close (opening->fd);
  g_free (opening->path);
  g_free (opening);
}

static void
open_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Opening *opening = data;
  GError *error = NULL;

  opening->fd = vmh_open_as (opening->uid, opening->path, opening->flags, &error);
  if (opening->fd < 0)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

void
vmh_open_as_async (uid_t uid,
                   const char *path,
                   int flags,
                   GCancellable *cancellable,
                   GAsyncReadyCallback callback,
                   gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);
  Opening *opening = g_new0 (Opening, 1);

  g_task_set_source_tag (task, vmh_open_as_async);
  opening->uid = uid;
  opening->path = g_strdup (path);
  opening->flags = flags;
  opening->fd = -1;
  g_task_set_task_data (task, opening, opening_free);
  g_task_run_in_thread (task, open_thread);
}

int
vmh_open_as_finish (GAsyncResult *result, GError **error)
{
  Opening *opening;
  int fd;

  g_return_val_if_fail (g_task_is_valid (result, NULL), -1);
  if (!g_task_propagate_boolean (G_TASK (result), error))
    return -1;
  opening = g_task_get_task_data (G_TASK (result));
  fd = opening->fd;
  opening->fd = -1;
  return fd;
}
