/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Owns the threads that close users' files. */
#include "vmh-stuck.h"

#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "shared/inn-errors.h"
#include "vmh-limits.h"

/* What takes longer than this is stuck. */
#define LONG (G_USEC_PER_SEC)

struct _VmhStuck
{
  uid_t user;
  gint64 since;
  int fd; /* to be closed, or -1 */
};

/* The files of one user that wait to be closed, and how many threads do. */
typedef struct
{
  uid_t user;
  GQueue waiting; /* VmhStuck */
  guint n_threads;
} Closer;

static GMutex mutex;
static GHashTable *all;     /* VmhStuck, a set */
static GHashTable *closers; /* user → Closer, for as long as it has threads or files */
static gsize n_waiting;     /* files of all of them */
static GSourceOnceFunc on_full;
static gpointer on_full_data;

static VmhStuck *
stuck_new (uid_t user, int fd)
{
  VmhStuck *stuck = g_new (VmhStuck, 1);

  *stuck = (VmhStuck){ user, g_get_monotonic_time (), fd };
  if (all == NULL)
    all = g_hash_table_new_full (NULL, NULL, g_free, NULL);
  g_hash_table_add (all, stuck);
  return stuck;
}

VmhStuck *
vmh_stuck_begin (uid_t user)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&mutex);

  return stuck_new (user, -1);
}

void
vmh_stuck_end (VmhStuck *stuck)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&mutex);

  g_hash_table_remove (all, stuck);
}

gboolean
vmh_stuck_check (uid_t user, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&mutex);
  gint64 before = g_get_monotonic_time () - LONG;
  GHashTableIter iter;
  gpointer key;
  guint n = 0;

  if (all == NULL)
    return TRUE;
  g_hash_table_iter_init (&iter, all);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    if (((const VmhStuck *)key)->user == user && ((const VmhStuck *)key)->since < before)
      n++;
  if (n < VMH_MAX_STUCK_PER_UID)
    return TRUE;
  g_set_error_literal (error, INN_ERROR, INN_ERROR_LIMIT,
                       _ ("Too many files are on a disk or network connection that does not "
                          "answer. Repair or disconnect it, then try again."));
  return FALSE;
}

/* Called with the mutex. */
static void
closer_done (Closer *closer)
{
  if (closer->n_threads > 0 || closer->waiting.length > 0)
    return;
  g_hash_table_remove (closers, GUINT_TO_POINTER (closer->user));
  g_free (closer);
}

/* The next file to close, after @closed if there was one; NULL where none is left, and the thread
 * ends. */
static VmhStuck *
close_next (Closer *closer, VmhStuck *closed)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&mutex);
  VmhStuck *next = g_queue_pop_head (&closer->waiting);

  if (closed != NULL)
    g_hash_table_remove (all, closed);
  if (next != NULL)
    {
      n_waiting--;
      return next;
    }
  closer->n_threads--;
  closer_done (closer);
  return NULL;
}

static gpointer
close_thread (gpointer data)
{
  VmhStuck *stuck = NULL;

  while ((stuck = close_next (data, stuck)) != NULL)
    close (stuck->fd);
  return NULL;
}

void
vmh_stuck_on_full (void (*func) (gpointer data), gpointer data)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&mutex);

  on_full = func;
  on_full_data = data;
}

/* Called with the mutex. */
static void
check_room (void)
{
  struct rlimit files;

  if (on_full == NULL || getrlimit (RLIMIT_NOFILE, &files) < 0 || n_waiting < files.rlim_cur / 2)
    return;
  g_warning ("%" G_GSIZE_FORMAT " files of users cannot be closed.", n_waiting);
  g_idle_add_once (on_full, on_full_data);
  on_full = NULL;
}

/* Sockets and pipes are nobody's but the kernel's. */
static gboolean
closes_at_once (int fd)
{
  struct statx st;

  return statx (fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &st) == 0 &&
         (S_ISSOCK (st.stx_mode) || S_ISFIFO (st.stx_mode));
}

void
vmh_close_later (uid_t user, int fd)
{
  g_autoptr (GMutexLocker) locker = NULL;
  Closer *closer;
  GThread *thread;

  if (fd < 0)
    return;
  if (closes_at_once (fd))
    {
      close (fd);
      return;
    }
  locker = g_mutex_locker_new (&mutex);
  if (closers == NULL)
    closers = g_hash_table_new (NULL, NULL);
  closer = g_hash_table_lookup (closers, GUINT_TO_POINTER (user));
  if (closer == NULL)
    {
      closer = g_new0 (Closer, 1);
      closer->user = user;
      g_queue_init (&closer->waiting);
      g_hash_table_insert (closers, GUINT_TO_POINTER (user), closer);
    }
  g_queue_push_tail (&closer->waiting, stuck_new (user, fd));
  n_waiting++;
  check_room ();
  /* Who hangs keeps its thread; more than these a user does not get, its files wait. */
  if (closer->n_threads >= VMH_MAX_CLOSERS_PER_UID)
    return;
  thread = g_thread_try_new ("vmm-close", close_thread, closer, NULL);
  if (thread == NULL)
    return; /* with the next file */
  closer->n_threads++;
  g_thread_unref (thread);
}
