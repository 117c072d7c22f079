using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using FbShare.Linux;
using FbShare.Rig.Driver;
using FbShare.Tests;
using Xunit.Abstractions;

namespace FbShare.QemuTests;

/// <summary>A guest's kick on its way through a real QEMU: how long a processor waits for it, and when the device has done what was asked. tools/bench-kicks
/// takes more of them.</summary>
public sealed class KickTests(ITestOutputHelper output)
{
    private static readonly int Kicks = int.Parse(Environment.GetEnvironmentVariable("FBSHARE_KICKS") ?? "500", CultureInfo.InvariantCulture);

    [QemuTheory(Needs.Blob | Needs.Pci)]
    [InlineData("pci")]
    [InlineData("pci-bare")]
    [InlineData("blob")]
    public void A_kick_reaches_the_device(string device)
    {
        using var machine = new KickedMachine(device);
        double[] nothing = new double[Kicks], waited = new double[Kicks], done = new double[Kicks];
        for (int i = 0; i < Kicks; i++)
        {
            nothing[i] = machine.Nothing();
        }
        for (int i = 0; i < Kicks; i++)
        {
            waited[i] = machine.Kick(watches: false);
        }
        for (int i = 0; i < Kicks; i++)
        {
            done[i] = machine.Kick(watches: true);
        }
        Assert.Equal(2 * Kicks, machine.Answered);
        // A line to QEMU and its answer are not the guest's; half of that is on the way there. The quickest tenth is what a kick takes where the
        // device and QEMU have a processor each; on a busy machine the median tells of the scheduler.
        output.WriteLine($"{device,-8} processor waits {Describe(waited, nothing, 1)} us, request done after {Describe(done, nothing, 0.5)} us ({Kicks} kicks)");
    }

    /// <summary>The quickest tenth, the median, and what 99 of 100 stay below.</summary>
    private static string Describe(double[] values, double[] lines, double share) =>
        string.Join(" / ", new[] { 0.1, 0.5, 0.99 }.Select(part => (Part(values, part) - (share * Part(lines, Math.Min(part, 0.5)))).ToString("0.0", CultureInfo.InvariantCulture)));

    private static double Part(double[] values, double part)
    {
        Array.Sort(values);
        return values[(int)(values.Length * part)];
    }

    /// <summary>A QEMU without a processor, whose virtio-gpu is driven through its PCI registers.</summary>
    private sealed class KickedMachine : IDisposable
    {
        private const ulong Descriptors = 0x10_0000, Available = 0x10_1000, Used = 0x10_2000, Request = 0x10_3000, Response = 0x10_4000;

        private readonly TemporaryFolder _folder = new("kicks");
        private readonly FbShareProcess _device;
        private readonly FbShareProcess _qemu;
        private readonly QTest _processor;
        private readonly MemoryMapping _memory;
        private readonly FileDescriptor _file;
        private readonly byte[] _kick;
        private readonly byte[] _line = QTest.WriteLine(Request + 0x800, 0, 2);
        private ushort _sent;

        public KickedMachine(string kind)
        {
            string gpu = _folder["gpu"], qtest = _folder["qtest"];
            bool isPci = kind != "blob";
            _device = new FbShareProcess(new ProcessStartInfo(
                TestedProgram.Path, ["serve", isPci ? "--vfio-user" : "--socket-path", gpu, "--display", "none", .. kind == "pci-bare" ? (string[])["--no-boot-screen"] : []])
            { RedirectStandardError = true });
            _device.WaitUntil(() => ListeningSocket.IsAt(gpu), () => "it does not listen");
            var options = new GuestOptions { Gpu = isPci ? Cli.Qemu.GpuKind.Pci : Cli.Qemu.GpuKind.Blob };
            _qemu = new FbShareProcess(new ProcessStartInfo(
                TestMachine.Qemu,
                [
                    "-accel", "qtest", "-qtest", $"unix:{qtest},server=on,wait=off", "-qtest-log", "none", "-m", "64M", "-object", "memory-backend-memfd,id=mem,size=64M,share=on",
                    "-machine", "q35,memory-backend=mem", "-nodefaults", "-no-user-config", "-display", "none", .. Guest.Device(options, gpu, _folder.Path),
                ])
            { RedirectStandardError = true });
            _qemu.WaitUntil(() => ListeningSocket.IsAt(qtest), () => "QEMU does not listen");
            _processor = new QTest(qtest);
            int number = ProcessDescriptors.ListMemFds(_qemu.ProcessId).First(m => m.Name == "memory-backend-memfd").Fd;
            _file = FileDescriptor.Open($"/proc/{_qemu.ProcessId}/fd/{number}", writable: true);
            _memory = MemoryMapping.Map(_file, 0, 64 << 20, writable: true);
            _kick = QTest.WriteLine(Start(), 0, 2);
        }

        /// <summary>How many requests the device has answered.</summary>
        public int Answered => Volatile.Read(ref At<ushort>(Used + 2));

        /// <summary>Microseconds that a write of memory takes, which no device sees.</summary>
        public double Nothing()
        {
            long start = Stopwatch.GetTimestamp();
            _processor.Send(_line);
            _processor.Receive();
            return Stopwatch.GetElapsedTime(start).TotalMicroseconds;
        }

        /// <summary>Sends a request and kicks.</summary>
        /// <param name="watches">Whether to look for the device's answer all the time, which takes a processor.</param>
        /// <returns>Microseconds until the answer was there, or until the processor would have gone on.</returns>
        public double Kick(bool watches)
        {
            At<ushort>(Available + 4 + (2UL * (_sent & 0xffU))) = 0;
            _sent++;
            Volatile.Write(ref At<ushort>(Available + 2), _sent);
            long start = Stopwatch.GetTimestamp();
            _processor.Send(_kick);
            double microseconds;
            if (watches)
            {
                WaitForAnswer();
                microseconds = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
                _processor.Receive();
            }
            else
            {
                _processor.Receive();
                microseconds = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
                WaitForAnswer();
            }
            return microseconds;
        }

        public void Dispose()
        {
            _processor.Dispose();
            _qemu.Dispose();
            _memory.Dispose();
            _file.Dispose();
            _device.Dispose();
            _folder.Dispose();
        }

        private void WaitForAnswer()
        {
            var clock = Stopwatch.StartNew();
            while ((ushort)Answered != _sent)
            {
                Assert.True(clock.Elapsed < TestMachine.Patience, $"no answer; the device said:\n{_device.Said}");
            }
        }

        /// <summary>Does what a driver does at its start (virtio 1.3, section 3.1.1), with one queue and one request in it that is sent again and again.</summary>
        /// <returns>The address to write to for a kick.</returns>
        private ulong Start()
        {
            int device = Enumerable.Range(0, 32).First(slot => _processor.ReadConfig(slot, 0) is var id && (id & 0xffff) == 0x1af4);
            ulong[] bars = PlaceBars(device);
            ulong common = 0, notify = 0;
            uint multiplier = 0;
            for (int at = (int)(_processor.ReadConfig(device, 0x34) & 0xfc); at != 0; at = (int)(_processor.ReadConfig(device, at) >> 8 & 0xfc))
            {
                uint header = _processor.ReadConfig(device, at);
                ulong place = bars[_processor.ReadConfig(device, at + 4) & 7] + _processor.ReadConfig(device, at + 8);
                switch ((header & 0xff, header >> 24))
                {
                    case (9, 1):
                        common = place;
                        break;
                    case (9, 2):
                        (notify, multiplier) = (place, _processor.ReadConfig(device, at + 16));
                        break;
                }
            }
            _processor.Write(common + 0x14, 0, 1);
            _processor.Write(common + 0x14, 1 | 2, 1);
            _processor.Write(common + 8, 1, 4);
            _processor.Write(common + 12, 1, 4);
            _processor.Write(common + 0x14, 1 | 2 | 8, 1);
            _processor.Write(common + 0x16, 0, 2);
            _processor.Write(common + 0x18, 256, 2);
            foreach ((uint register, ulong address) in (ReadOnlySpan<(uint, ulong)>)[(0x20, Descriptors), (0x28, Available), (0x30, Used)])
            {
                _processor.Write(common + register, address & uint.MaxValue, 4);
                _processor.Write(common + register + 4, address >> 32, 4);
            }
            Commands.Unref(99).CopyTo(_memory.Slice((long)Request, 64));
            SetDescriptor(0, Request, 32, 1, 1);
            SetDescriptor(1, Response, 24, 2, 0);
            // No interrupts.
            At<ushort>(Available) = 1;
            _processor.Write(common + 0x1c, 1, 2);
            _processor.Write(common + 0x14, 1 | 2 | 8 | 4, 1);
            Assert.Equal(15UL, _processor.Read(common + 0x14, 1));
            return notify + (_processor.Read(common + 0x1e, 2) * multiplier);
        }

        /// <summary>Gives each BAR of memory a place, as firmware does.</summary>
        private ulong[] PlaceBars(int device)
        {
            var bars = new ulong[6];
            ulong next = 0xe000_0000;
            for (int i = 0; i < bars.Length; i++)
            {
                int register = 0x10 + (i * 4);
                uint kind = _processor.ReadConfig(device, register);
                _processor.WriteConfig(device, register, uint.MaxValue);
                uint size = ~(_processor.ReadConfig(device, register) & ~0xfU) + 1;
                if ((kind & 1) != 0 || size == 0)
                {
                    continue;
                }
                next = (next + size - 1) / size * size;
                bars[i] = next;
                _processor.WriteConfig(device, register, (uint)next);
                next += size;
                if ((kind & 6) == 4)
                {
                    _processor.WriteConfig(device, register + 4, 0);
                    i++;
                }
            }
            // Memory, and access to the machine's own.
            _processor.WriteConfig(device, 4, 2 | 4);
            return bars;
        }

        private void SetDescriptor(uint index, ulong address, uint length, ushort flags, ushort next)
        {
            ulong at = Descriptors + (16 * index);
            At<ulong>(at) = address;
            At<uint>(at + 8) = length;
            At<ushort>(at + 12) = flags;
            At<ushort>(at + 14) = next;
        }

        private ref T At<T>(ulong address)
            where T : unmanaged => ref MemoryMarshal.AsRef<T>(_memory.Slice((long)address, Marshal.SizeOf<T>()));
    }
}
