//! What a server counted.

use crate::misbehaviour::Fault;

/// Totals of one [`run`](crate::run), over all its threads.
///
/// Each thread counts for itself, without synchronisation. There are totals only after the server
/// has stopped.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Stats {
    /// TCP connections accepted, whatever became of them.
    pub accepted: u64,
    /// Connections answered with HTTP 503 because
    /// [`Limits::connections`](crate::Limits::connections) were open or
    /// [`Limits::memory`](crate::Limits::memory) was used up. If too many of them came at once,
    /// some were dropped without an answer.
    pub refused: u64,
    /// Requests answered with the page.
    pub pages: u64,
    /// Handshakes that led to no WebSocket for another reason: no upgrade, too slow, or broken off.
    pub failed_handshakes: u64,
    /// TLS handshakes that made a session.
    pub tls_full: u64,
    /// TLS handshakes that resumed the session of an earlier connection.
    pub tls_resumed: u64,
    /// Connections that led to no TLS, where the server speaks it: a failed handshake, or another
    /// protocol such as HTTP. Those that were too slow are among
    /// [`failed_handshakes`](Self::failed_handshakes).
    pub failed_tls: u64,
    /// Connections that agreed on compression.
    pub compressed: u64,
    /// Text and binary messages received. Each was answered, unless its connection broke.
    pub messages: u64,
    /// Messages that were sent to members of a room ([`Options::rooms`](crate::Options::rooms)),
    /// once for each receiver. Faults are not taken into account.
    pub deliveries: u64,
    /// Connections closed because the peer broke RFC 6455 or a limit on messages (1002, 1007, 1008,
    /// 1009).
    pub protocol_errors: u64,
    /// Connections closed because no byte passed for [`Limits::idle`](crate::Limits::idle).
    pub idled: u64,
    /// Connections dropped because the peer read nothing for
    /// [`Limits::unsent_time`](crate::Limits::unsent_time).
    pub stalled: u64,
    /// Connections closed because a message came for their room while more than
    /// [`Limits::unsent_bytes`](crate::Limits::unsent_bytes) waited for the peer.
    pub too_slow: u64,
    /// Connections closed because all together held more than
    /// [`Limits::memory`](crate::Limits::memory), and these held most.
    pub evicted: u64,
    /// Connections that ended without a Close frame: reset, or ended by the peer at the level of
    /// TCP.
    pub broken: u64,
    /// Failures to accept, nearly always for a lack of file descriptors. The server tries again
    /// after a pause.
    pub accept_errors: u64,
    /// Faults that [`Options::faults`](crate::Options::faults) asked for, sorted by peer and
    /// message.
    pub faults: Vec<Fault>,
}

impl Stats {
    /// Adds what another thread counted.
    pub(crate) fn add(&mut self, other: Self) {
        let Self {
            accepted,
            refused,
            pages,
            failed_handshakes,
            tls_full,
            tls_resumed,
            failed_tls,
            compressed,
            messages,
            deliveries,
            protocol_errors,
            idled,
            stalled,
            too_slow,
            evicted,
            broken,
            accept_errors,
            faults,
        } = other;
        self.accepted += accepted;
        self.refused += refused;
        self.pages += pages;
        self.failed_handshakes += failed_handshakes;
        self.tls_full += tls_full;
        self.tls_resumed += tls_resumed;
        self.failed_tls += failed_tls;
        self.compressed += compressed;
        self.messages += messages;
        self.deliveries += deliveries;
        self.protocol_errors += protocol_errors;
        self.idled += idled;
        self.stalled += stalled;
        self.too_slow += too_slow;
        self.evicted += evicted;
        self.broken += broken;
        self.accept_errors += accept_errors;
        self.faults.extend(faults);
        self.faults.sort();
    }
}
