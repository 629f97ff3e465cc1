//! What a rogue server does with the messages of one connection.

/// What a server makes of a payload.
pub(crate) type Spoil = fn(&[u8]) -> Vec<u8>;

/// Sequences count the data messages of a connection, from 0.
#[derive(Clone, Debug)]
pub(crate) enum Conduct {
    // Lawful.
    /// Every message comes back.
    Echo,
    /// One write for each byte.
    Bytewise,
    /// Fragments of so many bytes, an empty one first and one last, with a ping after each between them.
    Fragmented { bytes: usize },
    /// The same with an empty fragment instead of the ping.
    Hollow { bytes: usize },
    /// Fragments of so many bytes, none of them empty, with a pong that nobody asked for before and after each.
    Ponging { bytes: usize },
    /// An echo, with a ping that carries its number before it and a pong that nobody asked for after it.
    Pinging,
    /// An echo, and an end of its own.
    Parts(Farewell),

    // Wrong, on a connection that lives.
    /// Reads and says nothing.
    Mute,
    /// The same, but it pings ten times a second from the first message on.
    Nags,
    /// Answers nothing, but says something ten times a second from the first message on, until the client has gone.
    Pushes,
    /// Does not even read.
    Deaf,
    /// Every third message does not come back.
    DropsEveryThird,
    /// Every message comes back twice.
    Twice,
    /// The last message comes back once more just before the end.
    OnceMoreAtTheEnd,
    /// Two messages come back as one.
    Joined,
    /// A message comes back as two.
    Halved,
    /// Only the first 53 bytes come back: the header of a text, and a little more than that of a binary message.
    Cut,
    /// Four messages come back last first.
    Reversed,
    /// Text comes back as binary.
    AsBinary,
    /// Binary comes back as text, which it is not.
    AsText,
    /// The last bit of each message is flipped.
    Flipped,
    /// Each message comes back as this leaves it.
    Spoils(Spoil),
    /// An echo, and a greeting that nobody asked for.
    Greets,
    /// The request that it got, whole, in lines and in pieces, and then the end with a piece of it as the reason.
    Confides,
    /// The first message brings greetings without end, or until a test has no more patience.
    Floods,
    /// Messages go to the connection that was accepted before or after this one.
    ToNeighbour,

    // The end of a connection, after `after` echoes.
    /// An end without a Close frame.
    Leaves { after: u64 },
    /// A reset.
    Resets { after: u64 },
    /// These bytes, whatever they are; then it only listens.
    Says { after: u64, bytes: Vec<u8> },
    /// The same right after the opening handshake, without an echo.
    Opens { bytes: Vec<u8> },
    /// These bytes right after the first echo.
    Once { bytes: Vec<u8> },
}

/// How a server answers the Close of its client, all lawful. Otherwise it sends the same Close, and ends TCP.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Farewell {
    /// A Close without a code.
    Bare,
    /// One write for each byte of the Close.
    Bytewise,
    /// A ping and a pong that nobody asked for, then the Close.
    LastWords,
    /// A Close of its own, sent as the client sent its; each takes the other's for the answer (RFC 6455, section 7.1.3).
    /// All that the client sees of it is another code.
    Crossing,
    /// It ends its side of TCP only, and waits for the client to end the other.
    EndsItsSide,
    /// It waits for the client to end TCP.
    Waits,
}
