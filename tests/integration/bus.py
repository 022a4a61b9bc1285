# SPDX-License-Identifier: LGPL-2.1-or-later
"""org.creel1 over D-Bus, as a program uses it."""

import dbus

NAME = "org.creel1"
PATH = "/org/creel1"
ERROR = "org.creel1.Error."


def connect():
    """A connection of its own: those of python-dbus are shared otherwise, and remember services that were restarted."""
    return dbus.bus.BusConnection(dbus.bus.BusConnection.TYPE_SYSTEM)


def call(path, interface, member, signature=None, *args):
    connection = connect()
    try:
        return connection.call_blocking(NAME, path, f"{NAME}.{interface}", member, signature or "", args)
    finally:
        connection.close()


def get(path, interface, name):
    connection = connect()
    try:
        return connection.call_blocking(NAME, path, "org.freedesktop.DBus.Properties", "Get", "ss", (f"{NAME}.{interface}", name))
    finally:
        connection.close()


def options(**kw):
    """An a{sv}; "_" in keys stands for "-"."""
    return dbus.Dictionary({key.replace("_", "-"): value for key, value in kw.items()}, signature="sv")


def manager(member, signature=None, *args):
    return call(PATH, "Manager", member, signature, *args)


def container(name):
    """The object of a container."""
    return str(manager("GetContainer", "s", name))


def container_property(name, property_name):
    return get(container(name), "Container", property_name)


def refused(path, interface, member, signature=None, *args):
    """The last part of the error's name and its message; AssertionError when the call succeeds."""
    try:
        answer = call(path, interface, member, signature, *args)
    except dbus.DBusException as e:
        name = e.get_dbus_name()
        return (name.removeprefix(ERROR) if name.startswith(ERROR) else name), e.get_dbus_message()
    raise AssertionError(f"{member} succeeded: {answer}")
