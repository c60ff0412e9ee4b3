/* SPDX-FileCopyrightText: 2026 The Innkeeper developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Any bytes as the arguments of any method of the contract, through GDBus, intake and gate to the
 * real handlers, in a session's helper with a store and a machine of its own. The bus at the other
 * end of its socket is ours: it says who calls, and no message waits for another process.
 *
 * The first line: the method, how many files go along ("0" to "3"), and "x" if the caller leaves at
 * once. The rest: the arguments, in GVariant's text form; what is none is taken for its bytes.
 * Whatever would start a process is refused: names that come from nowhere are not handed to
 * programs that run as who runs this. */
#include "fuzz.h"

#include "core/vmh-job.h"
#include "core/vmh-registry-private.h"
#include "core/vmh-spawn.h"
#include "dbus/vmh-contract.h"
#include "machine/vmh-manager.h"
#include "machine/vmh-store.h"
#include "qemu/vmh-fd.h"
#include "shared/inn-errors.h"
#include "shared/inn-names.h"
#include "store-folder.h"

#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define UUID     "6f1c2f1e-5d0a-4a83-9f5e-0d7c3a52b003"
#define HELPER   ":1.1"
#define CALLER   ":1.2"
#define WATCHER  ":1.3"
#define THE_BUS  "org.freedesktop.DBus"
#define MAX_LINE 64

static const char definition[] =
    "<domain type='qemu'><name>fuzz</name><uuid>" UUID "</uuid><memory>131072</memory>"
    "<vcpu>1</vcpu><os><type arch='x86_64' machine='q35'>hvm</type></os><devices>"
    "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/>"
    "<source file='/dev/shm/no-such-image'/><target dev='vda' bus='virtio'/></disk>"
    "<serial type='pty'><target port='0'/></serial><graphics type='vnc'/>"
    "<interface type='user'><mac address='52:54:00:00:00:01'/></interface></devices></domain>";

static struct
{
  char *folder;
  GDBusConnection *bus, *helper;
  VmhRegistry *registry;
  VmhManager *manager;
  VmhJob *job;
  guint most_fds;
  guint64 generation; /* of the machine that each input begins with */
} world;

VmhProcess *
__wrap_vmh_spawn_start (VmhSpawn *spawn, VmhSpawnFunc func, gpointer data, GError **error);

VmhProcess *
__wrap_vmh_spawn_start (VmhSpawn *spawn, VmhSpawnFunc func, gpointer data, GError **error)
{
  g_set_error_literal (error, INN_ERROR, INN_ERROR_FAILED, "Nothing is started here.");
  return NULL;
}

/* ---- the bus ---- */

/* In GDBus's thread. */
static GDBusMessage *
on_bus_message (GDBusConnection *bus, GDBusMessage *message, gboolean in, gpointer data)
{
  const char *member = g_dbus_message_get_member (message);
  g_autoptr (GDBusMessage) reply = NULL;

  if (!in || g_dbus_message_get_message_type (message) != G_DBUS_MESSAGE_TYPE_METHOD_CALL)
    return message;
  reply = g_dbus_message_new_method_reply (message);
  if (g_strcmp0 (member, "Hello") == 0)
    g_dbus_message_set_body (reply, g_variant_new ("(s)", HELPER));
  else if (g_strcmp0 (member, "GetConnectionUnixUser") == 0)
    g_dbus_message_set_body (reply, g_variant_new ("(u)", (guint32)geteuid ()));
  g_dbus_connection_send_message (bus, reply, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
  g_object_unref (message);
  return NULL;
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  GDBusConnection *connection = g_dbus_connection_new_finish (result, &error);

  g_assert_no_error (error);
  *(GDBusConnection **)data = connection;
}

static void
connect_end (int fd, GDBusConnectionFlags flags, const char *guid, GDBusConnection **connection)
{
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, NULL);
  g_autoptr (GSocketConnection) stream = g_socket_connection_factory_create_connection (socket);

  g_dbus_connection_new (G_IO_STREAM (stream), guid, flags, NULL, NULL, on_connected, connection);
}

static void
connect_both (void)
{
  g_autofree char *guid = g_dbus_generate_guid ();
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  connect_end (fds[0],
               G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER |
                   G_DBUS_CONNECTION_FLAGS_DELAY_MESSAGE_PROCESSING,
               guid, &world.bus);
  connect_end (fds[1],
               G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                   G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
               NULL, &world.helper);
  while (world.bus == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_dbus_connection_add_filter (world.bus, on_bus_message, NULL, NULL);
  g_dbus_connection_start_message_processing (world.bus);
  while (world.helper == NULL)
    g_main_context_iteration (NULL, TRUE);
}

static void
on_reply (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  *(GDBusMessage **)data =
      g_dbus_connection_send_message_with_reply_finish (G_DBUS_CONNECTION (source), result, &error);
  g_assert_no_error (error);
}

/* What the helper answers, be it an error. */
static GDBusMessage *
call (GDBusMessage *message)
{
  GDBusMessage *reply = NULL;

  g_dbus_connection_send_message_with_reply (world.bus, message, G_DBUS_SEND_MESSAGE_FLAGS_NONE,
                                             G_MAXINT, NULL, NULL, on_reply, &reply);
  while (reply == NULL)
    g_main_context_iteration (NULL, TRUE);
  return reply;
}

/* A call of somebody else's, when all before it has been looked at. */
static void
settle (void)
{
  g_autoptr (GDBusMessage) message = g_dbus_message_new_method_call (
      HELPER, INN_MANAGER_PATH, "org.freedesktop.DBus.Properties", "Get");
  g_autoptr (GDBusMessage) reply = NULL;

  g_dbus_message_set_sender (message, WATCHER);
  g_dbus_message_set_body (message, g_variant_new ("(ss)", INN_IFACE_MANAGER, "Mode"));
  reply = call (message);
  g_assert_cmpint (g_dbus_message_get_message_type (reply), ==, G_DBUS_MESSAGE_TYPE_METHOD_RETURN);
}

static void
leave (void)
{
  g_autoptr (GDBusMessage) message =
      g_dbus_message_new_signal ("/org/freedesktop/DBus", THE_BUS, "NameOwnerChanged");

  g_dbus_message_set_sender (message, THE_BUS);
  g_dbus_message_set_body (message, g_variant_new ("(sss)", CALLER, CALLER, ""));
  g_dbus_connection_send_message (world.bus, message, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
}

/* ---- the helper ---- */

static void
add_machine (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VmhBundle) bundle = vmh_bundle_create (UUID, geteuid (), &error);
  g_autoptr (InnDomain) domain = inn_domain_parse (definition, -1, &error);
  g_autoptr (VmhMachine) machine = NULL;

  g_assert_no_error (error);
  g_assert_true (vmh_bundle_save_definition (bundle, definition, &error));
  g_assert_true (vmh_bundle_commit (bundle, &error));
  world.generation = vmh_bundle_get_generation (bundle);
  machine = vmh_machine_new (world.registry, UUID, bundle, domain, NULL);
  vmh_manager_add (world.manager, machine);
}

/* Whatever was made, changed or deleted: all is as it was before. */
static void
restore (void)
{
  g_autoptr (GPtrArray) machines = vmh_manager_list (world.manager);
  VmhMachine *first = machines->len == 1 ? machines->pdata[0] : NULL;
  g_autoptr (GError) error = NULL;

  if (first != NULL && g_str_equal (vmh_machine_get_uuid (first), UUID) &&
      vmh_machine_get_state (first) == VMH_STATE_OFF &&
      vmh_bundle_get_generation (vmh_machine_get_bundle (first)) == world.generation)
    return;
  for (guint i = 0; i < machines->len; i++)
    {
      VmhMachine *machine = machines->pdata[i];

      vmh_manager_remove (world.manager, machine);
      vmh_remove_tree (vmh_store_get_machines_fd (), vmh_machine_get_uuid (machine), &error);
      g_assert_no_error (error);
    }
  add_machine ();
}

static void
end_world (void)
{
  store_folder_free (world.folder);
}

static void
begin_world (void)
{
  g_autofree char *path = g_strconcat (INN_MACHINES_PATH "/x", NULL);

  g_setenv ("TMPDIR", "/dev/shm", FALSE);
  world.folder = store_folder_new ();
  store_folder_open ();
  atexit (end_world);
  connect_both ();
  world.registry = vmh_registry_new (world.helper, FALSE);
  vmh_contract_declare (world.registry);
  world.manager = vmh_manager_new (world.registry);
  add_machine ();
  world.job = vmh_job_new (world.registry, "create", path, "fuzz", geteuid ());
  settle ();
}

/* ---- one call ---- */

typedef struct
{
  const GDBusInterfaceInfo *interface;
  const GDBusMethodInfo *method;
} Method;

static int
compare_methods (gconstpointer a, gconstpointer b)
{
  return strcmp (((const Method *)a)->method->name, ((const Method *)b)->method->name);
}

static GArray *
list_methods (void)
{
  static GArray *methods;
  GHashTableIter iter;
  GDBusInterfaceInfo *info;

  if (methods != NULL)
    return methods;
  methods = g_array_new (FALSE, FALSE, sizeof (Method));
  g_hash_table_iter_init (&iter, world.registry->infos);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *)&info))
    for (guint i = 0; info->methods != NULL && info->methods[i] != NULL; i++)
      g_array_append_val (methods, ((Method){ info, info->methods[i] }));
  g_array_sort (methods, compare_methods);
  return methods;
}

/* By its name; by any other word one of them. */
static const Method *
find_method (const char *word)
{
  GArray *methods = list_methods ();

  for (guint i = 0; i < methods->len; i++)
    if (g_str_equal (g_array_index (methods, Method, i).method->name, word))
      return &g_array_index (methods, Method, i);
  return &g_array_index (methods, Method, g_str_hash (word) % methods->len);
}

static char *
dup_path (const char *interface)
{
  if (g_str_equal (interface, INN_IFACE_MACHINE) || g_str_equal (interface, INN_IFACE_CONSOLE) ||
      g_str_equal (interface, INN_IFACE_GUEST))
    {
      g_autoptr (GPtrArray) machines = vmh_manager_list (world.manager);

      return g_strdup (vmh_machine_get_path (machines->pdata[0]));
    }
  if (g_str_equal (interface, INN_IFACE_JOB))
    return g_strdup (vmh_job_get_path (world.job));
  return g_strdup (g_str_has_prefix (interface, INN_BUS_NAME) ? INN_MANAGER_PATH : INN_ROOT_PATH);
}

static GVariant *
read_arguments (const GDBusMethodInfo *method, const char *text, size_t size)
{
  g_autoptr (GString) signature = g_string_new ("(");
  g_autoptr (GVariant) arguments = NULL;
  g_autoptr (GBytes) bytes = NULL;

  for (guint i = 0; method->in_args != NULL && method->in_args[i] != NULL; i++)
    g_string_append (signature, method->in_args[i]->signature);
  g_string_append_c (signature, ')');
  if (g_utf8_validate_len (text, size, NULL))
    arguments = g_variant_parse (G_VARIANT_TYPE (signature->str), text, text + size, NULL, NULL);
  if (arguments != NULL)
    return g_steal_pointer (&arguments);
  bytes = g_bytes_new (text, size);
  arguments =
      g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE (signature->str), bytes, FALSE));
  return g_variant_get_normal_form (arguments);
}

static GUnixFDList *
open_files (guint number)
{
  const int flags[] = { O_RDWR | O_CREAT, O_RDONLY | O_DIRECTORY, O_RDWR };
  g_autofree char *file = g_build_filename (world.folder, "image", NULL);
  const char *const paths[] = { file, world.folder, "/dev/null" };
  GUnixFDList *list = g_unix_fd_list_new ();

  for (guint i = 0; i < number && i < G_N_ELEMENTS (paths); i++)
    {
      VMH_AUTOFD fd = open (paths[i], flags[i] | O_CLOEXEC, 0600);

      g_unix_fd_list_append (list, fd, NULL);
    }
  return list;
}

/* What a real bus would not let through (variants nested too deeply) is none of ours. */
static gboolean
is_message (GDBusMessage *message)
{
  g_autoptr (GDBusMessage) copy = NULL;
  g_autofree guchar *blob = NULL;
  gsize size;

  g_dbus_message_set_serial (message, 1);
  blob = g_dbus_message_to_blob (message, &size, G_DBUS_CAPABILITY_FLAGS_UNIX_FD_PASSING, NULL);
  if (blob != NULL)
    copy = g_dbus_message_new_from_blob (blob, size, G_DBUS_CAPABILITY_FLAGS_UNIX_FD_PASSING, NULL);
  g_dbus_message_set_serial (message, 0);
  return copy != NULL;
}

static GDBusMessage *
make_message (const char *line, const char *text, size_t size, gboolean *out_leaves)
{
  g_auto (GStrv) words = g_strsplit (line, " ", 3);
  guint n_words = g_strv_length (words);
  const Method *method = find_method (n_words > 0 ? words[0] : "");
  guint n_files = n_words > 1 ? (guint)words[1][0] % 4 : 0;
  g_autofree char *path = dup_path (method->interface->name);
  g_autoptr (GDBusMessage) message =
      g_dbus_message_new_method_call (HELPER, path, method->interface->name, method->method->name);
  g_autoptr (GVariant) arguments = read_arguments (method->method, text, size);
  g_autoptr (GUnixFDList) files = n_files > 0 ? open_files (n_files) : NULL;

  *out_leaves = n_words > 2 && words[2][0] == 'x';
  g_dbus_message_set_sender (message, CALLER);
  g_dbus_message_set_body (message, arguments);
  if (files != NULL)
    g_dbus_message_set_unix_fd_list (message, files);
  return is_message (message) ? g_steal_pointer (&message) : NULL;
}

/* Of an error there is a name of ours and a sentence; of GDBus's own there is what it says. */
static void
check_reply (GDBusMessage *reply)
{
  const char *name = g_dbus_message_get_error_name (reply);

  if (g_dbus_message_get_message_type (reply) == G_DBUS_MESSAGE_TYPE_ERROR)
    g_assert_true (g_str_has_prefix (name, "org.innkeeper.Error.") ||
                   g_str_has_prefix (name, "org.freedesktop.DBus.Error."));
}

/* Files are closed by threads, a little later. */
static void
check_fds (void)
{
  g_autoptr (GDir) dir = NULL;
  guint number = 0;

  for (int tries = 0; tries < 100; tries++)
    {
      g_clear_pointer (&dir, g_dir_close);
      dir = g_dir_open ("/proc/self/fd", 0, NULL);
      for (number = 0; g_dir_read_name (dir) != NULL;)
        number++;
      if (world.most_fds == 0)
        world.most_fds = number + 8;
      if (number <= world.most_fds)
        return;
      g_usleep (10000);
    }
  g_error ("%u files are open, where there were %u: some are never closed.", number,
           world.most_fds);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const uint8_t *end = memchr (data, '\n', MIN (size, MAX_LINE));
  g_autofree char *line = NULL;
  g_autoptr (GDBusMessage) message = NULL;
  g_autoptr (GDBusMessage) reply = NULL;
  gboolean leaves;
  static guint rounds;

  if (end == NULL)
    return 0;
  if (world.manager == NULL)
    begin_world ();
  line = g_strndup ((const char *)data, (gsize)(end - data));
  message = make_message (line, (const char *)end + 1, size - (size_t)(end + 1 - data), &leaves);
  if (message == NULL)
    return 0;
  if (leaves)
    {
      g_dbus_connection_send_message (world.bus, message, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL,
                                      NULL);
      leave ();
      settle ();
    }
  else
    {
      reply = call (message);
      check_reply (reply);
    }
  while (vmh_job_count_running () > 1)
    g_main_context_iteration (NULL, TRUE);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  restore ();
  if (++rounds % 256 == 0)
    check_fds ();
  return 0;
}
