//! What lies between messages and TCP: TLS, compression, or neither. The generator with each of
//! them takes turns with the others, and each has a server of its own in this process.

use std::{
    net::{Ipv4Addr, SocketAddr},
    num::NonZeroU64,
    time::Duration,
};

use frames::deflate::DeflateSettings;
use loadgen::plan::{
    Compression, Connect, EngineKind, Group, Jitter, Load, Reconnect, ServerUrl, SessionLength, Sessions, Target,
    TlsOptions,
};
use reports::{Report, model::Measurement};
use server::{Identity, TlsSettings};

use crate::{
    LoopbackScale, Result, clock::StolenTime, count, floor::FloorCost, generate, median, plan_of, ratios, serve_with,
};

/// Payload bytes of the messages.
const SIZES: [u32; 2] = [64, 4096];

/// What lies between messages and TCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layer {
    Neither,
    /// TLS 1.3 with full handshakes.
    Tls,
    /// TLS 1.3 whose sessions are resumed.
    ResumedTls,
    /// With so many window bits, and context takeover or not.
    Compression(u8, bool),
}

/// Layers whose messages are compared.
const MESSAGES: [Layer; 3] = [Layer::Neither, Layer::Tls, Layer::Compression(15, true)];
/// Layers whose openings are compared.
const OPENINGS: [Layer; 3] = [Layer::Neither, Layer::Tls, Layer::ResumedTls];
/// Layers whose memory is compared.
pub(crate) const MEMORY: [Layer; 6] = [
    Layer::Neither,
    Layer::Tls,
    Layer::Compression(9, true),
    Layer::Compression(12, true),
    Layer::Compression(15, true),
    Layer::Compression(15, false),
];

impl Layer {
    /// Its name in a row, which names no other.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Neither => "neither".to_owned(),
            Self::Tls => "TLS".to_owned(),
            Self::ResumedTls => "TLS, resumed".to_owned(),
            Self::Compression(bits, true) => format!("compression, {bits} bits"),
            Self::Compression(bits, false) => format!("compression, {bits} bits, no takeover"),
        }
    }

    /// The layer with this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        MEMORY.into_iter().find(|layer| layer.name() == name)
    }

    /// A server that has it, on a thread of this process.
    pub(crate) fn serve(self) -> Result<SocketAddr> {
        let mut options = server::Options::default();
        match self {
            Self::Neither => {}
            Self::Tls | Self::ResumedTls => {
                let identity = Identity::self_signed([Ipv4Addr::LOCALHOST.to_string()])?;
                options.tls = Some(TlsSettings::new(identity, None)?);
            }
            Self::Compression(..) => options.compression = Some(DeflateSettings::default()),
        }
        Ok(serve_with(options)?)
    }

    /// A target that has it.
    pub(crate) fn target(self, server: SocketAddr) -> Result<Target> {
        let scheme = if matches!(self, Self::Tls | Self::ResumedTls) { "wss" } else { "ws" };
        Ok(Target::Url(format!("{scheme}://{server}/").parse::<ServerUrl>()?))
    }

    /// How clients open their connections.
    pub(crate) fn connect(self) -> Connect {
        let mut connect = Connect::default();
        match self {
            Self::Neither => {}
            Self::Tls | Self::ResumedTls => {
                connect.tls = TlsOptions { insecure: true, resume: self == Self::ResumedTls, ..TlsOptions::default() };
            }
            Self::Compression(window_bits, context_takeover) => {
                connect.compression = Some(Compression { window_bits, context_takeover });
            }
        }
        connect
    }
}

/// The costs of one layer, a round each.
struct Costs(Vec<f64>);

/// Prints what messages cost with 16 in flight.
pub(crate) fn messages(scale: LoopbackScale) -> Result<()> {
    for size in SIZES {
        let group = |layer: Layer, server| {
            let load = Load::Closed { window: count(16), think: Duration::ZERO };
            Ok(Group { clients: count(50), ..crate::group(layer.target(server)?, load, size, layer.connect()) })
        };
        let stolen = StolenTime::watch();
        let costs = compare(scale, &MESSAGES, group)?;
        show(&format!("{size:5} B"), 1e6, &MESSAGES, costs, &stolen);
    }
    Ok(())
}

/// Prints what opening connections costs. Each sends a message, waits for it and closes.
pub(crate) fn openings(scale: LoopbackScale) -> Result<()> {
    let wait = Duration::from_millis(1);
    let sessions = Sessions {
        session: Some(SessionLength::Messages(NonZeroU64::MIN)),
        reconnect: Some(Reconnect { min: wait, max: wait, jitter: Jitter::Full }),
        ..Sessions::default()
    };
    let group = |layer: Layer, server| {
        let load = Load::Closed { window: count(1), think: Duration::ZERO };
        let group = crate::group(layer.target(server)?, load, SIZES[0], layer.connect());
        Ok(Group { clients: count(50), sessions: sessions.clone(), ..group })
    };
    let stolen = StolenTime::watch();
    let costs = compare(scale, &OPENINGS, group)?;
    show("opening", 1e3, &OPENINGS, costs, &stolen);
    Ok(())
}

/// What a second of processor time brings with each layer. They take turns.
fn compare(
    scale: LoopbackScale,
    layers: &[Layer],
    group: impl Fn(Layer, SocketAddr) -> Result<Group>,
) -> Result<Vec<Costs>> {
    let servers = layers.iter().map(|layer| layer.serve()).collect::<Result<Vec<_>>>()?;
    let mut costs: Vec<_> = layers.iter().map(|_| Costs(Vec::new())).collect();
    for _ in 0..scale.rounds {
        let mut round = vec![FloorCost::default(); layers.len()];
        for _ in 0..scale.turns {
            for ((layer, server), cost) in layers.iter().zip(&servers).zip(&mut round) {
                let plan = plan_of(EngineKind::Lean, group(*layer, *server)?, scale.turn);
                let Report { total: Measurement { traffic, .. }, generator, measured_s, .. } = generate(&plan)?;
                *cost += FloorCost { messages: traffic.matched_in_window, cpu_s: generator.cpu_s, took_s: measured_s };
            }
        }
        for (costs, cost) in costs.iter_mut().zip(round) {
            costs.0.push(cost.per_cpu_second());
        }
    }
    Ok(costs)
}

/// Prints a row: the first layer, and what each other brings beside it.
fn show(what: &str, unit: f64, layers: &[Layer], mut costs: Vec<Costs>, stolen: &StolenTime) {
    let neither = costs[0].0.clone();
    let cells = layers.iter().zip(&mut costs).map(|(layer, Costs(costs))| {
        let beside = median(&mut ratios(costs, &neither));
        format!("{} {:.2} ({beside:.2})", layer.name(), median(costs) / unit)
    });
    println!("{what}: {}{stolen}", cells.collect::<Vec<_>>().join(", "));
}
