using FbShare.Capture;
using FbShare.Pictures;
using FbShare.Testing.Text;
using Xunit;

namespace FbShare.Tests.Testing;

public sealed class ScreenReaderTests
{
    private const uint Grey = 0xAAAAAA;

    [Theory]
    [InlineData(8, 16, "VGA 8x16")]
    [InlineData(9, 16, "VGA 9x16")]
    [InlineData(8, 14, "VGA 8x14")]
    [InlineData(8, 8, "VGA 8x8")]
    public void A_console_is_read_exactly_in_each_font_and_any_two_colours(int width, int height, string font)
    {
        var console = new TestConsole(40, 12, width, height);
        console.Write(0, 0, "Debian GNU/Linux 13 host tty1", Grey, 0);
        console.Write(3, 2, "host login: _", 0x00FF00, 0x0000AA);
        console.Write(0, 5, "[  OK  ] {~}|\\^ 0123456789 ÄÖÜß", 0, 0xFFFFFF);
        console.Write(1, 6, "┌─┐│└┘░", 0xFF0000, 0x00FFFF);
        console.Write(39, 11, "x", 0x123456, 0x123457);

        ScreenText text = ScreenReader.TryReadConsole(console.Picture)!;

        Assert.Equal(font, text.Source);
        Assert.True(text.IsExact);
        Assert.Equal(
            ["Debian GNU/Linux 13 host tty1", "", "   host login: _", "", "", "[  OK  ] {~}|\\^ 0123456789 ÄÖÜß", " ┌─┐│└┘░", "", "", "", "", $"{new string(' ', 39)}x"],
            text.Lines.Select(l => l.Text));
        Assert.Equal(new Rect(8 * width, 2 * height, 6 * width, height), text.Find("login:"));
        Assert.Null(text.Find("Login:"));
    }

    [Fact]
    public void A_window_whose_border_looks_like_characters_is_no_console()
    {
        // As labwc draws one: a line of one pixel, where a cell of 8x8 pixels has its last row.
        byte[] pixels = new byte[320 * 200 * 4];
        Span<uint> screen = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, uint>(pixels.AsSpan());
        for (int y = 23; y < 180; y++)
        {
            for (int x = 43; x < 290; x++)
            {
                bool isBorder = y is 23 or 179 || x is 43 or 289;
                screen[(y * 320) + x] = isBorder ? 0xAAAAAAu : ((x * y) & 0x30) == 0 ? 0x303030u : 0x404040u;
            }
        }
        Assert.Null(ScreenReader.TryReadConsole(new Picture(DrmFormat.XR24, 320, 200, pixels)));
    }

    [Fact]
    public void Every_character_of_the_font_is_found_again()
    {
        Assert.Equal(256, CodePage437.Characters.Length);
        var console = new TestConsole(32, 8, 8, 16);
        for (int code = 0; code < 256; code++)
        {
            console.WriteCode(code % 32, code / 32, code, Grey, 0);
        }
        string read = string.Concat(ScreenReader.TryReadConsole(console.Picture)!.Lines.Select(l => l.Text.PadRight(32)));
        for (int code = 0; code < 256; code++)
        {
            // A full block is a cell of one colour, and some characters are the negatives of others.
            char expected = code switch
            {
                0 or 0x20 or 0xDB or 0xFF => ' ',
                0x08 => CodePage437.Characters[0x07],
                0x0A => CodePage437.Characters[0x09],
                0xDD => CodePage437.Characters[0xDE],
                0xDF => CodePage437.Characters[0xDC],
                _ => CodePage437.Characters[code],
            };
            Assert.Equal(expected, read[code]);
        }
    }

    [Theory]
    [InlineData(14, 2)]
    [InlineData(13, 2)]
    [InlineData(15, 1)]
    [InlineData(0, 16)]
    public void A_cursor_is_looked_through(int row, int rows)
    {
        var console = new TestConsole(20, 4, 8, 16);
        console.Write(0, 1, "login: ab", Grey, 0);
        console.Invert(new Rect(8 * 8, 16 + row, 8, rows), Grey);
        console.Invert(new Rect(11 * 8, 16 + row, 8, rows), Grey);
        Assert.Equal("login: ab", ScreenReader.TryReadConsole(console.Picture)!.Lines[1].Text);
    }

    [Fact]
    public void A_console_in_the_middle_of_a_larger_screen_is_read()
    {
        var console = new TestConsole(80, 25, 8, 16);
        console.Write(2, 3, "GNU GRUB  version 2.12", Grey, 0);
        var screen = new byte[1280 * 800 * 4];
        for (int y = 0; y < 400; y++)
        {
            console.Picture.Pixels.Slice(y * 2560, 2560).CopyTo(screen.AsSpan((((y + 200) * 1280) + 320) * 4));
        }
        ScreenText text = ScreenReader.TryReadConsole(new Picture(DrmFormat.XR24, 1280, 800, screen))!;
        Assert.Equal(new Rect(320 + 16, 200 + 48, 64, 16), text.Find("GNU GRUB"));
    }

    [Fact]
    public void Only_what_is_in_the_area_is_read()
    {
        var console = new TestConsole(20, 4, 8, 16);
        console.Write(0, 0, "one two three", Grey, 0);
        console.Write(0, 1, "four five", Grey, 0);
        ScreenText text = ScreenReader.Read(console.Picture, new Rect(30, 0, 32, 16));
        Assert.Equal("two", text.ToString().Trim());
        Assert.Equal(new Rect(32, 0, 24, 16), text.Find("two"));
    }

    [Fact]
    public void A_screen_that_is_no_console_is_not_taken_for_one() => Assert.Null(ScreenReader.TryReadConsole(NeedleTests.Striped(640, 480)));

    [Fact]
    public void A_blank_screen_says_nothing() => Assert.Equal("", ScreenReader.Read(new TestConsole(4, 4, 8, 16).Picture).ToString());

    [Fact]
    public void What_tesseract_finds_is_put_together_in_lines_with_the_places_of_words()
    {
        ScreenText text = Tesseract.Parse(
            """
            level	page_num	block_num	par_num	line_num	word_num	left	top	width	height	conf	text
            1	1	0	0	0	0	0	0	640	480	-1	
            5	1	1	1	1	1	20	40	60	20	96.1	Log
            5	1	1	1	1	2	90	40	30	20	95.0	in
            5	1	2	1	1	1	20	80	80	20	95.0	Cancel
            5	1	2	1	1	1	x	80	80	20	95.0	broken
            5	1	2	1
            """,
            scale: 2);
        Assert.Equal(["Log in", "Cancel"], text.Lines.Select(l => l.Text));
        Assert.Equal(new Rect(10, 20, 50, 10), text.Find("Log in"));
        Assert.Equal(new Rect(10, 40, 40, 10), text.Find("Cancel"));
        Assert.False(text.IsExact);
    }

    [Fact]
    public void Fonts_of_the_system_are_read_and_broken_ones_are_not()
    {
        byte[] first = [0x36, 0x04, 2, 2, .. new byte[512], .. Enumerable.Repeat<byte>(0xFF, 512)];
        // Shape 1 is 'A', or the Cyrillic letter that looks like it.
        first[4 + 2] = 0x81;
        first[4 + 3] = 0x42;
        byte[] table = [0xFF, 0xFF, 0x10, 0x04, 0x41, 0x00, 0xFF, 0xFF, .. Enumerable.Repeat<byte>(0xFF, 254 * 2)];
        ConsoleFont font = PsfFile.Parse("test", [.. first[..516], .. table])!;
        Assert.Equal((8, 2), (font.Width, font.Height));
        Assert.True(font.TryFind([0x81, 0x42], out char character));
        Assert.Equal('A', character);

        byte[] second =
        [
            0x72, 0xB5, 0x4A, 0x86, 0, 0, 0, 0, 32, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 0, 10, 0, 0, 0,
            0x80, 0x40, 0x01, 0x00, 0xC3, 0xA4, 0xFE, 0x41, 0x41, 0xFF,
        ];
        font = PsfFile.Parse("test", second)!;
        Assert.Equal((10, 2), (font.Width, font.Height));
        Assert.True(font.TryFind([0x80, 0x40, 0x01, 0x00], out character));
        Assert.Equal('ä', character);

        for (int length = 0; length < second.Length - 6; length++)
        {
            Assert.Null(PsfFile.Parse("cut", second.AsSpan(0, length)));
        }
        second[16] = 0xFF;
        second[19] = 0xFF;
        Assert.Null(PsfFile.Parse("too many", second));
    }

    /// <summary>A console that a test writes to: draws characters from the font's file, pixel by pixel.</summary>
    private sealed class TestConsole
    {
        private readonly byte[] _pixels;
        private readonly byte[] _font = ReadFont();
        private readonly int _columns;
        private readonly int _cellWidth;
        private readonly int _cellHeight;

        public TestConsole(int columns, int rows, int cellWidth, int cellHeight)
        {
            (_columns, _cellWidth, _cellHeight) = (columns, cellWidth, cellHeight);
            _pixels = new byte[columns * cellWidth * rows * cellHeight * 4];
            Picture = new Picture(DrmFormat.XR24, columns * cellWidth, rows * cellHeight, _pixels);
        }

        public Picture Picture { get; }

        public void Write(int column, int row, string text, uint ink, uint ground)
        {
            foreach (char character in text)
            {
                WriteCode(column++, row, CodePage437.Characters.IndexOf(character, StringComparison.Ordinal), ink, ground);
            }
        }

        public void WriteCode(int column, int row, int code, uint ink, uint ground)
        {
            int shapes = _cellHeight switch { 16 => 0, 14 => 4096, _ => 4096 + 3584 };
            for (int y = 0; y < _cellHeight; y++)
            {
                byte bits = _font[shapes + (code * _cellHeight) + y];
                for (int x = 0; x < _cellWidth; x++)
                {
                    bool isInk = x < 8 ? (bits & (0x80 >> x)) != 0 : code is >= 0xC0 and <= 0xDF && (bits & 1) != 0;
                    Set((column * _cellWidth) + x, (row * _cellHeight) + y, isInk ? ink : ground);
                }
            }
        }

        public void Invert(Rect area, uint colour)
        {
            for (int y = area.Y; y < area.Bottom; y++)
            {
                for (int x = area.X; x < area.Right; x++)
                {
                    Set(x, y, BitConverter.ToUInt32(_pixels, At(x, y)) ^ colour);
                }
            }
        }

        private void Set(int x, int y, uint pixel) => BitConverter.TryWriteBytes(_pixels.AsSpan(At(x, y)), pixel);

        private int At(int x, int y) => ((y * _columns * _cellWidth) + x) * 4;

        private static byte[] ReadFont()
        {
            using Stream stream = typeof(CodePage437).Assembly.GetManifestResourceStream("cp437.bin")!;
            byte[] bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            return bytes;
        }
    }
}
