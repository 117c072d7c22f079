using System.Text;

namespace FbShare.Display.Server;

/// <summary>What the server's objects say of themselves (org.freedesktop.DBus.Introspectable).</summary>
internal static class DisplayIntrospection
{
    private const string Head = """
        <!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN"
         "http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">
        <node>

        """;

    private const string Standard = """
          <interface name="org.freedesktop.DBus.Peer">
            <method name="Ping"/>
            <method name="GetMachineId"><arg type="s" name="machine_uuid" direction="out"/></method>
          </interface>
          <interface name="org.freedesktop.DBus.Introspectable">
            <method name="Introspect"><arg name="xml_data" type="s" direction="out"/></method>
          </interface>
          <interface name="org.freedesktop.DBus.Properties">
            <method name="Get">
              <arg name="interface_name" type="s" direction="in"/>
              <arg name="property_name" type="s" direction="in"/>
              <arg name="value" type="v" direction="out"/>
            </method>
            <method name="GetAll">
              <arg name="interface_name" type="s" direction="in"/>
              <arg name="properties" type="a{sv}" direction="out"/>
            </method>
            <method name="Set">
              <arg name="interface_name" type="s" direction="in"/>
              <arg name="property_name" type="s" direction="in"/>
              <arg name="value" type="v" direction="in"/>
            </method>
            <signal name="PropertiesChanged">
              <arg type="s" name="interface_name"/>
              <arg type="a{sv}" name="changed_properties"/>
              <arg type="as" name="invalidated_properties"/>
            </signal>
          </interface>

        """;

    private const string ObjectManager = """
          <interface name="org.freedesktop.DBus.ObjectManager">
            <method name="GetManagedObjects">
              <arg type="a{oa{sa{sv}}}" name="object_paths_interfaces_and_properties" direction="out"/>
            </method>
          </interface>

        """;

    private const string VirtualMachine = $"""
          <interface name="{DisplayProtocol.Vm}">
            <property name="{DisplayProtocol.PropertyNames.Name}" type="s" access="read"/>
            <property name="{DisplayProtocol.PropertyNames.Uuid}" type="s" access="read"/>
            <property name="{DisplayProtocol.PropertyNames.ConsoleIds}" type="au" access="read"/>
            <property name="{DisplayProtocol.InterfacesProperty}" type="as" access="read"/>
          </interface>
          <interface name="{DisplayProtocol.VmExtension}">
            <property name="{DisplayProtocol.PropertyNames.ProcessId}" type="u" access="read"/>
            <property name="{DisplayProtocol.PropertyNames.Viewers}" type="u" access="read"/>
          </interface>

        """;

    private const string Console = $"""
          <interface name="{DisplayProtocol.Console}">
            <method name="{DisplayProtocol.ConsoleCalls.RegisterListener}"><arg type="h" name="listener" direction="in"/></method>
            <method name="{DisplayProtocol.ConsoleCalls.SetUIInfo}">
              <arg name="width_mm" type="q" direction="in"/>
              <arg name="height_mm" type="q" direction="in"/>
              <arg name="xoff" type="i" direction="in"/>
              <arg name="yoff" type="i" direction="in"/>
              <arg name="width" type="u" direction="in"/>
              <arg name="height" type="u" direction="in"/>
            </method>
            <property name="{DisplayProtocol.PropertyNames.Label}" type="s" access="read"/>
            <property name="{DisplayProtocol.PropertyNames.Head}" type="u" access="read"/>
            <property name="{DisplayProtocol.PropertyNames.Type}" type="s" access="read"/>
            <property name="{DisplayProtocol.PropertyNames.Width}" type="u" access="read"/>
            <property name="{DisplayProtocol.PropertyNames.Height}" type="u" access="read"/>
            <property name="{DisplayProtocol.PropertyNames.DeviceAddress}" type="s" access="read"/>
            <property name="{DisplayProtocol.InterfacesProperty}" type="as" access="read"/>
          </interface>
          <interface name="{DisplayProtocol.Keyboard}">
            <method name="{DisplayProtocol.ConsoleCalls.Press}"><arg type="u" name="keycode" direction="in"/></method>
            <method name="{DisplayProtocol.ConsoleCalls.Release}"><arg type="u" name="keycode" direction="in"/></method>
            <property name="{DisplayProtocol.PropertyNames.Modifiers}" type="u" access="read"/>
          </interface>
          <interface name="{DisplayProtocol.Mouse}">
            <method name="{DisplayProtocol.ConsoleCalls.Press}"><arg type="u" name="button" direction="in"/></method>
            <method name="{DisplayProtocol.ConsoleCalls.Release}"><arg type="u" name="button" direction="in"/></method>
            <method name="{DisplayProtocol.ConsoleCalls.SetAbsPosition}">
              <arg type="u" name="x" direction="in"/>
              <arg type="u" name="y" direction="in"/>
            </method>
            <method name="{DisplayProtocol.ConsoleCalls.RelMotion}">
              <arg type="i" name="dx" direction="in"/>
              <arg type="i" name="dy" direction="in"/>
            </method>
            <property name="{DisplayProtocol.PropertyNames.IsAbsolute}" type="b" access="read"/>
          </interface>
          <interface name="{DisplayProtocol.MultiTouch}">
            <method name="{DisplayProtocol.ConsoleCalls.SendEvent}">
              <arg type="u" name="kind" direction="in"/>
              <arg type="t" name="num_slot" direction="in"/>
              <arg type="d" name="x" direction="in"/>
              <arg type="d" name="y" direction="in"/>
            </method>
            <property name="{DisplayProtocol.PropertyNames.MaxSlots}" type="i" access="read"/>
          </interface>
          <interface name="{DisplayProtocol.ConsoleExtension}">
            <property name="{DisplayProtocol.PropertyNames.ResourceKind}" type="s" access="read"/>
            <property name="{DisplayProtocol.PropertyNames.Path}" type="s" access="read"/>
            <property name="{DisplayProtocol.PropertyNames.PathReason}" type="s" access="read"/>
            <property name="{DisplayProtocol.PropertyNames.Cure}" type="s" access="read"/>
          </interface>

        """;

    /// <summary>The XML of an object; null if there is no such object.</summary>
    public static string? Describe(string path, int outputs)
    {
        var xml = new StringBuilder(Head);
        if (path == DisplayProtocol.VmPath)
        {
            xml.Append(Standard).Append(VirtualMachine);
        }
        else if (path == DisplayProtocol.RootPath)
        {
            xml.Append(Standard).Append(ObjectManager).Append("  <node name=\"VM\"/>\n");
            for (int i = 0; i < outputs; i++)
            {
                xml.Append($"  <node name=\"Console_{i}\"/>\n");
            }
        }
        else if (TryParseConsole(path, outputs, out _))
        {
            xml.Append(Standard).Append(Console);
        }
        else if (path == "/" || DisplayProtocol.RootPath.StartsWith(path + "/", StringComparison.Ordinal))
        {
            string below = DisplayProtocol.RootPath[(path.Length == 1 ? 1 : path.Length + 1)..];
            xml.Append($"  <node name=\"{below.Split('/')[0]}\"/>\n");
        }
        else
        {
            return null;
        }
        return xml.Append("</node>\n").ToString();
    }

    /// <summary>Reads an output's number from its object's path.</summary>
    public static bool TryParseConsole(string path, int outputs, out int output)
    {
        output = -1;
        ReadOnlySpan<char> digits = path.StartsWith(DisplayProtocol.ConsolePrefix, StringComparison.Ordinal) ? path.AsSpan(DisplayProtocol.ConsolePrefix.Length) : default;
        return digits.Length is 1 or 2 && (digits.Length == 1 || digits[0] != '0')
            && int.TryParse(digits, System.Globalization.NumberStyles.None, null, out output) && output < outputs;
    }
}
