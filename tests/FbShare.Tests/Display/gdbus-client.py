#!/usr/bin/env python3
"""A display client that shares nothing with FbShare's: GLib's D-Bus, which QEMU and its clients use, peer to peer.

usage: gdbus-client.py SOCKET

Reads the VM's name and its first console's size, watches the console, maps the first picture, and prints what it found, a
line each; the picture as the SHA-256 of its rows without what pads them. Ends after the first update that it was told of.
"""
import hashlib
import mmap
import os
import socket
import sys

from gi.repository import Gio, GLib

LISTENER = """
<node>
  <interface name="org.qemu.Display1.Listener">
    <method name="Disable"/>
    <method name="MouseSet"><arg type="i"/><arg type="i"/><arg type="i"/></method>
    <property name="Interfaces" type="as" access="read"/>
  </interface>
  <interface name="org.qemu.Display1.Listener.Unix.Map">
    <method name="ScanoutMap"><arg type="h"/><arg type="u"/><arg type="u"/><arg type="u"/><arg type="u"/><arg type="u"/></method>
    <method name="UpdateMap"><arg type="i"/><arg type="i"/><arg type="i"/><arg type="i"/></method>
  </interface>
</node>
"""
ROOT = "/org/qemu/Display1"
loop = GLib.MainLoop()
picture = None


def read(connection, path, interface, name):
    call = GLib.Variant("(ss)", (interface, name))
    return connection.call_sync(None, path, "org.freedesktop.DBus.Properties", "Get", call, None, 0, 10000, None).unpack()[0]


def on_call(_connection, _sender, _path, _interface, method, arguments, invocation):
    global picture
    if method == "ScanoutMap":
        handle, offset, width, height, stride, pixman = arguments.unpack()
        file = invocation.get_message().get_unix_fd_list().get(handle)
        picture = (mmap.mmap(file, os.fstat(file).st_size, prot=mmap.PROT_READ), offset, width, height, stride)
        print(f"map {width}x{height} stride {stride} offset {offset} format 0x{pixman:08x}")
    elif method == "UpdateMap":
        pixels, offset, width, height, stride = picture
        rows = hashlib.sha256()
        for y in range(height):
            begin = offset + y * stride
            rows.update(pixels[begin : begin + width * 4])
        print("update {} {} {} {}".format(*arguments.unpack()))
        print(f"pixels {rows.hexdigest()}")
        GLib.idle_add(loop.quit)
    invocation.return_value(None)


def main():
    flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT
    connection = Gio.DBusConnection.new_for_address_sync(f"unix:path={sys.argv[1]}", flags, None, None)
    print("vm", read(connection, f"{ROOT}/VM", "org.qemu.Display1.VM", "Name"))
    console = f"{ROOT}/Console_0"
    print("size {} {}".format(*(read(connection, console, "org.qemu.Display1.Console", name) for name in ("Width", "Height"))))

    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    descriptors = Gio.UnixFDList.new()
    call = GLib.Variant("(h)", (descriptors.append(theirs.fileno()),))
    connection.call_with_unix_fd_list_sync(
        None, console, "org.qemu.Display1.Console", "RegisterListener", call, None, 0, 10000, descriptors, None)
    theirs.close()
    stream = Gio.Socket.new_from_fd(ours.detach()).connection_factory_create_connection()
    listener = Gio.DBusConnection.new_sync(stream, None, flags | Gio.DBusConnectionFlags.DELAY_MESSAGE_PROCESSING, None, None)
    for interface in Gio.DBusNodeInfo.new_for_xml(LISTENER).interfaces:
        listener.register_object(
            f"{ROOT}/Listener", interface, on_call, lambda *_: GLib.Variant("as", ["org.qemu.Display1.Listener.Unix.Map"]), None)
    listener.start_message_processing()
    GLib.timeout_add_seconds(60, loop.quit)
    loop.run()


main()
