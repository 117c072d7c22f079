using FbShare.Display.DBus;

namespace FbShare.Display.Server;

/// <content>The properties of its objects (org.freedesktop.DBus.Properties, ObjectManager).</content>
internal sealed partial class DisplayPeer
{
    private bool AnswerProperties(BusMessage call, string path, string member)
    {
        if (PropertiesOf(path) is not { } interfaces)
        {
            return UnknownObject(call, path);
        }
        switch (member)
        {
            case "Get" when call.HasSignature("ss"u8):
                string of = call.ReadString();
                string name = call.ReadString();
                foreach ((string interfaceName, Property[] properties) in interfaces)
                {
                    // The specification lets the interface be left out.
                    if (of.Length == 0 || of == interfaceName)
                    {
                        if (Array.Find(properties, p => p.Name == name) is { } property)
                        {
                            Reply(call, reply => reply.AppendVariant(property.Type, property.Append));
                            return true;
                        }
                    }
                }
                return Refuse(call, BusErrors.UnknownProperty, $"{path} has no property {of}.{name}");
            case DisplayProtocol.GetAll when call.HasSignature("s"u8):
                string all = call.ReadString();
                if (all.Length > 0 && !interfaces.Exists(i => i.Name == all))
                {
                    return Refuse(call, BusErrors.UnknownInterface, $"{path} has no interface {all}");
                }
                Property[] found = [.. interfaces.Where(i => all.Length == 0 || i.Name == all).SelectMany(i => i.Properties)];
                Reply(call, reply => AppendProperties(reply, found, _ => true));
                return true;
            case "Set" when call.HasSignature("ssv"u8):
                return Refuse(call, BusErrors.PropertyReadOnly, "every property here is read-only");
            default:
                return Refuse(call, BusErrors.InvalidArgs, $"{member} does not take these arguments");
        }
    }

    private bool AnswerManagedObjects(BusMessage call)
    {
        Reply(call, reply =>
        {
            reply.Open('a', "{oa{sa{sv}}}"u8);
            AppendObject(DisplayProtocol.VmPath);
            for (int i = 0; i < _server.Hub.OutputCount; i++)
            {
                AppendObject($"{DisplayProtocol.ConsolePrefix}{i}");
            }
            reply.Close();

            void AppendObject(string path)
            {
                reply.Open('e', "oa{sa{sv}}"u8);
                reply.AppendPath(path);
                reply.Open('a', "{sa{sv}}"u8);
                foreach ((string interfaceName, Property[] properties) in PropertiesOf(path)!)
                {
                    reply.Open('e', "sa{sv}"u8);
                    reply.Append(interfaceName);
                    AppendProperties(reply, properties, _ => true);
                    reply.Close();
                }
                reply.Close();
                reply.Close();
            }
        });
        return true;
    }

    private List<(string Name, Property[] Properties)>? PropertiesOf(string path) =>
        path == DisplayProtocol.VmPath ? VirtualMachineProperties()
        : DisplayIntrospection.TryParseConsole(path, _server.Hub.OutputCount, out int output) ? ConsoleProperties(output)
        : null;

    private List<(string Name, Property[] Properties)> VirtualMachineProperties() =>
    [
        (DisplayProtocol.Vm,
        [
            new(DisplayProtocol.PropertyNames.Name, "s", m => m.Append(_server.Machine.Name)),
            new(DisplayProtocol.PropertyNames.Uuid, "s", m => m.Append(_server.Machine.Uuid.ToString())),
            new(DisplayProtocol.PropertyNames.ConsoleIds, "au", m =>
            {
                m.Open('a', "u"u8);
                for (uint i = 0; i < _server.Hub.OutputCount; i++)
                {
                    m.Append(i);
                }
                m.Close();
            }),
            new(DisplayProtocol.InterfacesProperty, "as", m => m.AppendStrings([DisplayProtocol.VmExtension])),
        ]),
        (DisplayProtocol.VmExtension,
        [
            new(DisplayProtocol.PropertyNames.ProcessId, "u", m => m.Append((uint)_server.ProcessId)),
            new(DisplayProtocol.PropertyNames.Viewers, "u", m => m.Append((uint)_server.ViewerCount)),
        ]),
    ];

    private List<(string Name, Property[] Properties)> ConsoleProperties(int output)
    {
        Scanout? scanout = _server.Hub.GetScanout(output);
        PathChoice? path = _server.Hub.GetPath(output);
        return
        [
            (DisplayProtocol.Console,
            [
                new(DisplayProtocol.PropertyNames.Label, "s", m => m.Append($"virtio-gpu output {output}"), IsConstant: true),
                new(DisplayProtocol.PropertyNames.Head, "u", m => m.Append((uint)output), IsConstant: true),
                new(DisplayProtocol.PropertyNames.Type, "s", m => m.Append(DisplayProtocol.PropertyNames.GraphicConsole), IsConstant: true),
                new(DisplayProtocol.PropertyNames.Width, "u", m => m.Append((uint)(scanout?.Layout.Width ?? 0))),
                new(DisplayProtocol.PropertyNames.Height, "u", m => m.Append((uint)(scanout?.Layout.Height ?? 0))),
                new(DisplayProtocol.PropertyNames.DeviceAddress, "s", m => m.Append(_server.DeviceAddress)),
                new(DisplayProtocol.InterfacesProperty, "as", m => m.AppendStrings(
                    [DisplayProtocol.Keyboard, DisplayProtocol.Mouse, DisplayProtocol.MultiTouch, DisplayProtocol.ConsoleExtension]), IsConstant: true),
            ]),
            // The lamps of Scroll, Num and Caps Lock, which QEMU tells its own displays of and nobody else: never known here.
            (DisplayProtocol.Keyboard, [new(DisplayProtocol.PropertyNames.Modifiers, "u", m => m.Append(0u), IsConstant: true)]),
            (DisplayProtocol.Mouse, [new(DisplayProtocol.PropertyNames.IsAbsolute, "b", m => m.Append(_server.Input?.IsAbsolute ?? true))]),
            (DisplayProtocol.MultiTouch, [new(DisplayProtocol.PropertyNames.MaxSlots, "i", m => m.Append(TouchSlots))]),
            (DisplayProtocol.ConsoleExtension,
            [
                new(DisplayProtocol.PropertyNames.ResourceKind, "s", m => m.Append(scanout?.Kind switch
                {
                    ScanoutKind.Blob => "blob",
                    ScanoutKind.TwoD => "2d",
                    ScanoutKind.Boot => "boot",
                    _ => "",
                })),
                new(DisplayProtocol.PropertyNames.Path, "s", m => m.Append(path?.Path.ToString().ToLowerInvariant() ?? "")),
                new(DisplayProtocol.PropertyNames.PathReason, "s", m => m.Append(path?.Reason ?? "")),
                new(DisplayProtocol.PropertyNames.Cure, "s", m => m.Append(path?.Cure ?? "")),
            ]),
        ];
    }

    private static void AppendProperties(BusMessage m, Property[] properties, Predicate<Property> wanted)
    {
        m.Open('a', "{sv}"u8);
        foreach (Property property in properties)
        {
            if (wanted(property))
            {
                m.Open('e', "sv"u8);
                m.Append(property.Name);
                m.AppendVariant(property.Type, property.Append);
                m.Close();
            }
        }
        m.Close();
    }

    private sealed record Property(string Name, string Type, Action<BusMessage> Append, bool IsConstant = false);
}
