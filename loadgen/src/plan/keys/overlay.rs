//! What stands over what: a group over the defaults of its file, the command line over both.

use super::{ClientRate, GroupKeys, LengthKeys, MessageKeys, NamedGroupKeys, OpenLoadKeys, PlanKeys, RunKeys};

/// The first that is there.
macro_rules! first {
    ($over:expr, $under:expr => $($part:ident { $($key:ident),* })*) => {$($(
        if $over.$part.$key.is_none() {
            $over.$part.$key = $under.$part.$key.take();
        }
    )*)*};
}

impl GroupKeys {
    /// These keys, and those of `under` that are absent here. A window displaces a rate with what
    /// belongs to it, messages displace a size, a room its size, and vice versa. A rate of 0
    /// displaces what belongs to another rate.
    #[must_use]
    pub fn over(mut self, mut under: Self) -> Self {
        if self.load.window.is_some() {
            (under.load.rate, under.load.stage, under.load.burst) = (None, None, None);
            under.open = OpenLoadKeys::default();
        } else if self.has_rate() {
            (under.load.window, under.load.think) = (None, None);
        }
        if self.load.rate.is_some() || self.load.stage.is_some() {
            (under.load.rate, under.load.stage) = (None, None);
        }
        if self.load.rate == Some(ClientRate(None)) {
            (under.load.burst, under.open) = (None, OpenLoadKeys::default());
        }
        if self.message.has_templates() {
            (under.message.size, under.message.size_dist, under.message.payload) = (None, None, None);
            (under.message.message, under.message.message_hex) = (None, None);
        } else if self.message.has_sizes() || self.message.payload.is_some() {
            (under.message.message, under.message.message_hex) = (None, None);
        }
        if self.message.has_sizes() {
            (under.message.size, under.message.size_dist) = (None, None);
        }
        if self.rooms.room.is_some() || self.rooms.room_size.is_some() {
            (under.rooms.room, under.rooms.room_size) = (None, None);
        }
        self.target = self.target.or(under.target);
        first!(self, under =>
            load { clients, rate, stage, burst, window, think }
            open { max_in_flight, arrival }
            message { size, size_dist, payload, message, message_hex, data }
            expect { expect, order, until, batched }
            dialogue { on_open, answer, ignore, capture }
            rooms { room_size, room, publishers, own, durable }
            sessions { ramp, start, stop, session, drop, storm, reconnect }
            wire { ping, read, fragment, write_shape }
            connect {
                connect_timeout, source_ip, proxy, proxy_auth, unix_socket, connect_to, resolve, ip_version,
                happy_eyeballs
            }
            request { header, subprotocol, origin, basic_auth, bearer, max_redirects, compress }
            tls { tls, cacert, insecure, cert, key, sni, tls_resume }
        );
        self
    }

    /// Whether a key is there that belongs to the open model.
    pub(super) fn has_rate(&self) -> bool {
        let Self { load, open, .. } = self;
        let open = open.max_in_flight.is_some() || open.arrival.is_some();
        load.rate.is_some() || load.stage.is_some() || load.burst.is_some() || open
    }
}

impl RunKeys {
    /// These keys, and those of `under` that are absent here. A number of messages displaces a
    /// duration, and vice versa.
    #[must_use]
    pub fn over(mut self, mut under: Self) -> Self {
        if matches!(self.length, LengthKeys { duration: Some(_), .. } | LengthKeys { messages: Some(_), .. }) {
            (under.length.duration, under.length.messages) = (None, None);
        }
        first!(self, under =>
            length { duration, messages, warmup, drain }
            generator { seed, connect_rate, threads, engine }
            verdict { threshold, stop_on_miss, only_delivery }
        );
        self
    }
}

impl PlanKeys {
    /// The keys of a plan file under those of a command line.
    ///
    /// # Errors
    /// The command line has a key of a group, and the file has several groups. The error is the
    /// key.
    pub fn under(self, run: RunKeys, group: GroupKeys) -> Result<Self, &'static str> {
        let Self { run: own, defaults, group: groups } = self;
        let run = run.over(own);
        match groups.len() {
            0 => Ok(Self { run, defaults: group.over(defaults), group: groups }),
            1 => {
                let over = |named: NamedGroupKeys| NamedGroupKeys { keys: group.clone().over(named.keys), ..named };
                Ok(Self { run, defaults, group: groups.into_iter().map(over).collect() })
            }
            _ => {
                // Groups without a target have that of the command line.
                let GroupKeys { target, .. } = &group;
                let has_all = groups.iter().all(|group| group.keys.target.is_some());
                if target.is_some() && has_all {
                    return Err("target");
                }
                let targeted = GroupKeys { target: target.clone(), ..GroupKeys::default() };
                match (GroupKeys { target: None, ..group }).first_key() {
                    Some(key) => Err(key),
                    None => Ok(Self { run, defaults: targeted.over(defaults), group: groups }),
                }
            }
        }
    }
}

impl MessageKeys {
    /// Whether there are sizes of generated messages.
    fn has_sizes(&self) -> bool {
        self.size.is_some() || self.size_dist.is_some()
    }

    /// Whether there are messages of the user's own.
    pub(super) fn has_templates(&self) -> bool {
        self.message.is_some() || self.message_hex.is_some()
    }
}

impl GroupKeys {
    /// The first key that is there.
    fn first_key(&self) -> Option<&'static str> {
        let Self { target, load, open, message, expect, dialogue, rooms, sessions, wire, connect, request, tls } = self;
        let keys = [
            ("target", target.is_some()),
            ("clients", load.clients.is_some()),
            ("rate", load.rate.is_some()),
            ("stage", load.stage.is_some()),
            ("burst", load.burst.is_some()),
            ("window", load.window.is_some()),
            ("think", load.think.is_some()),
            ("max_in_flight", open.max_in_flight.is_some()),
            ("arrival", open.arrival.is_some()),
            ("size", message.size.is_some()),
            ("size_dist", message.size_dist.is_some()),
            ("payload", message.payload.is_some()),
            ("message", message.message.is_some()),
            ("message_hex", message.message_hex.is_some()),
            ("data", message.data.is_some()),
            ("expect", expect.expect.is_some()),
            ("order", expect.order.is_some()),
            ("until", expect.until.is_some()),
            ("batched", expect.batched.is_some()),
            ("on_open", dialogue.on_open.is_some()),
            ("answer", dialogue.answer.is_some()),
            ("ignore", dialogue.ignore.is_some()),
            ("capture", dialogue.capture.is_some()),
            ("room_size", rooms.room_size.is_some()),
            ("room", rooms.room.is_some()),
            ("publishers", rooms.publishers.is_some()),
            ("own", rooms.own.is_some()),
            ("durable", rooms.durable.is_some()),
            ("ramp", sessions.ramp.is_some()),
            ("start", sessions.start.is_some()),
            ("stop", sessions.stop.is_some()),
            ("session", sessions.session.is_some()),
            ("drop", sessions.drop.is_some()),
            ("storm", sessions.storm.is_some()),
            ("reconnect", sessions.reconnect.is_some()),
            ("ping", wire.ping.is_some()),
            ("read", wire.read.is_some()),
            ("fragment", wire.fragment.is_some()),
            ("write_shape", wire.write_shape.is_some()),
            ("connect_timeout", connect.connect_timeout.is_some()),
            ("source_ip", connect.source_ip.is_some()),
            ("proxy", connect.proxy.is_some()),
            ("proxy_auth", connect.proxy_auth.is_some()),
            ("unix_socket", connect.unix_socket.is_some()),
            ("connect_to", connect.connect_to.is_some()),
            ("resolve", connect.resolve.is_some()),
            ("ip_version", connect.ip_version.is_some()),
            ("happy_eyeballs", connect.happy_eyeballs.is_some()),
            ("header", request.header.is_some()),
            ("subprotocol", request.subprotocol.is_some()),
            ("origin", request.origin.is_some()),
            ("basic_auth", request.basic_auth.is_some()),
            ("bearer", request.bearer.is_some()),
            ("max_redirects", request.max_redirects.is_some()),
            ("compress", request.compress.is_some()),
            ("tls", tls.tls.is_some()),
            ("cacert", tls.cacert.is_some()),
            ("insecure", tls.insecure.is_some()),
            ("cert", tls.cert.is_some()),
            ("key", tls.key.is_some()),
            ("sni", tls.sni.is_some()),
            ("tls_resume", tls.tls_resume.is_some()),
        ];
        keys.into_iter().find_map(|(key, is_there)| is_there.then_some(key))
    }
}
