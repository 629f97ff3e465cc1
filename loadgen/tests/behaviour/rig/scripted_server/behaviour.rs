//! What a scripted server does with the messages of one connection.

/// What a server makes of a payload.
pub(crate) type Alteration = fn(&[u8]) -> Vec<u8>;

/// `after` counts the data messages of a connection, from 0.
#[derive(Clone, Debug)]
pub(crate) enum Behaviour {
    // Lawful.
    /// Every message comes back.
    Echo,
    /// An echo with one write for each byte.
    Bytewise,
    /// Fragments of `bytes`, with an empty one first and last and a ping between any two.
    FragmentedWithPings { bytes: usize },
    /// Fragments of `bytes`, with an empty one first, last and between any two.
    FragmentedWithEmptyOnes { bytes: usize },
    /// Fragments of `bytes`, none of them empty, with an unasked pong before and after each.
    FragmentedWithPongs { bytes: usize },
    /// An echo after a ping that carries its number, and before an unasked pong.
    EchoWithPing,
    /// An echo, and an unusual answer to the Close.
    Closes(CloseAnswer),

    /// Says hello, takes a `login:NAME` and welcomes NAME, then echoes. Before each echo it sends a
    /// heartbeat `2`, which is answered by `3`, and a presence.
    Welcomes,

    // Wrong, on a connection that lives.
    /// Says hello, and closes with 1008 when it gets a login.
    RefusesLogins,
    /// Reads and sends nothing.
    NeverAnswers,
    /// Sends only pings, ten a second from the first message on.
    PingsOnly,
    /// Sends only an unasked text, ten times a second from the first message on.
    PushesOnly,
    /// Does not even read.
    NeverReads,
    /// Every third message does not come back.
    DropsEveryThird,
    /// Every message comes back twice.
    Duplicates,
    /// The last message comes back once more before the connection closes.
    OnceMoreAtTheEnd,
    /// Two messages come back as one.
    Coalesces,
    /// A message comes back as two.
    Splits,
    /// The first 53 bytes come back: the header of a text, or a bit more than that of a binary
    /// message.
    Truncates,
    /// Four messages come back last first.
    Reorders,
    /// Text comes back as binary.
    AnswersAsBinary,
    /// Binary comes back as text, which it is not.
    AnswersAsText,
    /// The last bit of each message is flipped.
    Corrupts,
    /// Each message comes back altered.
    Alters(Alteration),
    /// An echo, and a text that nobody sent.
    EchoAndGreeting,
    /// Sends the client's opening request back in several forms, then closes with a part of it as
    /// the reason.
    RepeatsTheRequest,
    /// Sends texts that nobody sent without end, from the first message on.
    FloodsGreetings,
    /// Messages go to another connection: the one accepted before or after this one.
    Misroutes,

    // The end of a connection, after `after` echoes.
    /// Ends TCP without a Close frame.
    EndsTcp { after: u64 },
    /// Resets TCP.
    Resets { after: u64 },
    /// Sends `bytes`, whatever they are, and then only reads.
    SendsInstead { after: u64, bytes: Vec<u8> },
    /// Sends `bytes` right after the opening handshake, and then only reads.
    SendsAtOnce { bytes: Vec<u8> },
    /// Sends `bytes` right after the first echo, and then only reads.
    SendsAfterTheFirst { bytes: Vec<u8> },
}

/// How a server answers the Close of its client. All are lawful. The usual answer is that Close,
/// and the end of TCP.
#[derive(Clone, Copy, Debug)]
pub(crate) enum CloseAnswer {
    /// A Close without a code.
    WithoutCode,
    /// One write for each byte of the Close.
    Bytewise,
    /// A ping and an unasked pong, then the Close.
    AfterPingAndPong,
    /// A Close of its own, as if both had sent theirs at once (RFC 6455, section 7.1.3). Each takes
    /// the other's for the answer, and the client sees another code than it sent.
    Crossing,
    /// Ends its side of TCP only, and waits for the client to end the other.
    EndsItsSide,
    /// Waits for the client to end TCP.
    WaitsForTheClient,
}
