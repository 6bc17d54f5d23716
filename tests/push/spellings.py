"""Ways to write an address that a stranger must not reach through us."""

# Each of them is this machine to somebody: a browser, a C library, a URL parser or a name server.
LOOPBACK = (
    *("127.0.0.1", "127.0.0.2", "127.1", "127.0.1", "127.255.255.254", "127.000.000.001"),
    *("2130706433", "0x7f000001", "0x7f.0.0.1", "0x7F.0x0.0x0.0x1", "0x7f.1", "017700000001"),
    *("0177.0.0.1", "0177.1", "00177.0.0.01", "0x7f.0.1", "127.0.0.0x1", "127.0x1", "0"),
    *("0.0.0.0", "0x0", "00", "0.0", "000.000.000.000", "4294967297", "127.0.0.1.", "127.1."),
    *("%31%32%37.0.0.1", "127%2e0%2e0%2e1", "127.0.0.1%00", "127.0.0.1%23", "127.0.0.1%2f"),
    *("１２７.０.０.１", "127。0。0。1", "①②⑦.⓪.⓪.①", "𝟏𝟐𝟕.𝟎.𝟎.𝟏", "ⓛocalhost", "local\u00adhost"),
    *("localhost", "LOCALHOST", "localhost.", "localhost.localdomain", "x.localhost"),
    *("[::1]", "[0:0:0:0:0:0:0:1]", "[0000::1]", "[::]", "[::0]", "[::127.0.0.1]", "[::7f00:1]"),
    *("[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::FFFF:7F00:0001]", "[0:0:0:0:0:ffff:127.0.0.1]"),
    *("[::ffff:0:127.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]"),
    *("[2002:7f00:1::]", "[2002:7f00:0001::1]", "[2001:0:7f00:1::]", "[::1%lo]", "[::1%25lo]"),
    *("[fe80::1%25lo]", "user@127.0.0.1", "reader.example@127.0.0.1", "127.0.0.1\\@reader.example"),
)
OTHERS = (
    *("10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "0xa9fea9fe", "2852039166"),
    *("100.64.0.1", "198.18.0.1", "192.0.2.1", "224.0.0.1", "255.255.255.255", "240.0.0.1"),
    *("[fc00::1]", "[fd00:ec2::254]", "[fe80::1]", "[fec0::1]", "[ff02::1]", "[2001:db8::1]"),
    *("[::ffff:10.0.0.1]", "[64:ff9b::a00:1]", "[2002:a00:1::1]", "[3fff::1]", "[100::1]"),
)
# Names that a stranger's name server answers with an address within; see `names` of the test.
NAMES = {
    "loop.reader.example": ["127.0.0.1"],
    "six.reader.example": ["::1"],
    "mapped.reader.example": ["::ffff:127.0.0.1"],
    "none.reader.example": ["0.0.0.0"],
    "both.reader.example": ["127.0.0.1", "::1"],
    "private.reader.example": ["10.0.0.1"],
    "cloud.reader.example": ["169.254.169.254"],
}
# Those by which a client without a guard does come here.
REACHABLE = (
    *("127.0.0.1", "0x7f000001", "0x7f.1", "0x7f.0.0.1"),
    *("0.0.0.0", "localhost", "localhost.", "[::1]", "[::]", "[::ffff:127.0.0.1]"),
    *("loop.reader.example", "six.reader.example", "mapped.reader.example"),
)
HOSTS = (*LOOPBACK, *OTHERS, *NAMES)
