//! What TLS and compression cost, beside connections that have neither.

use std::fmt::Write as _;

use serde_json::Value;

use crate::{
    Result,
    measure::{FEW, Server, load, number},
    results::{KIB, Results, Spread, cell},
};

/// What lies between messages and TCP, and the options for it.
struct Layer {
    name: &'static str,
    server: &'static str,
    client: &'static str,
}

const PLAIN: Layer = Layer { name: "neither", server: "", client: "" };
const TLS: Layer = Layer { name: "TLS 1.3", server: "--tls", client: "--insecure" };
const COMPRESSION: Layer = Layer { name: "compression", server: "--compress", client: "--compress" };

/// Layers whose messages are compared.
const MESSAGES: [Layer; 3] = [PLAIN, TLS, COMPRESSION];
const SIZES: [u32; 2] = [64, 4096];

/// Layers whose opening is compared.
const OPENINGS: [Layer; 3] = [
    PLAIN,
    Layer { name: "TLS 1.3, full handshake", ..TLS },
    Layer { name: "TLS 1.3, resumed", client: "--insecure --tls-resume", ..TLS },
];

/// Layers whose memory is compared.
const MEMORY: [Layer; 6] = [
    PLAIN,
    TLS,
    Layer { name: "compression, 9 window bits", client: "--compress=9", ..COMPRESSION },
    Layer { name: "compression, 12 window bits", client: "--compress=12", ..COMPRESSION },
    Layer { name: "compression, 15 window bits", client: "--compress=15", ..COMPRESSION },
    Layer {
        name: "compression, 15 window bits, no context takeover",
        client: "--compress=15,no-context-takeover",
        ..COMPRESSION
    },
];

/// Clients whose memory is compared with that of [`FEW`].
const MANY: u32 = 1000;

/// One value of each result.
pub(crate) fn one_round(reports: &mut Vec<Value>) -> Result<Vec<(String, f64)>> {
    let mut values = Vec::new();
    for layer in &MESSAGES {
        let server = Server::start(layer.server)?;
        for size in SIZES {
            let options = format!(
                "{} --clients 50 --window 16 --size {size} --payload text --threads 1 --connect-rate 5000 \
                 --warmup 500ms --duration 2s",
                layer.client
            );
            let report = load(&server, &options)?;
            values.push((messages(layer, size), of_a_processor_second(&report)?));
            reports.push(report);
        }
    }
    for layer in &OPENINGS {
        let server = Server::start(layer.server)?;
        let options = format!(
            "{} --clients 50 --window 1 --session 1msg --reconnect 1ms..1ms --threads 1 --connect-rate 50000 \
             --warmup 500ms --duration 2s",
            layer.client
        );
        // A message a connection.
        let report = load(&server, &options)?;
        values.push((openings(layer), of_a_processor_second(&report)?));
        reports.push(report);
    }
    for layer in &MEMORY {
        let server = Server::start(layer.server)?;
        for clients in [FEW, MANY] {
            let options =
                format!("{} --clients {clients} --rate 5 --payload text --warmup 0s --duration 2s", layer.client);
            let report = load(&server, &options)?;
            values.push((memory(layer, clients), number(&report, "/generator/peak_rss_bytes")?));
            reports.push(report);
        }
    }
    Ok(values)
}

fn of_a_processor_second(report: &Value) -> Result<f64> {
    Ok(number(report, "/total/traffic/matched_in_window")? / number(report, "/generator/cpu_s")?)
}

fn messages(layer: &Layer, size: u32) -> String {
    format!("{}, {size} B, 50 clients, 16 in flight: messages a processor second", layer.name)
}

fn openings(layer: &Layer) -> String {
    format!("{}: connections a processor second", layer.name)
}

fn memory(layer: &Layer, clients: u32) -> String {
    format!("{}, {clients} clients: peak memory of the generator, bytes", layer.name)
}

/// The tables by their names.
pub(crate) fn tables(results: &Results) -> Result<[(&'static str, String); 3]> {
    Ok([
        ("layers", message_table(results)?),
        ("openings", opening_table(results)?),
        ("layer-memory", memory_table(results)?),
    ])
}

fn message_table(results: &Results) -> Result<String> {
    let mut text = "| layer | 64 B | beside neither | 4 KiB | beside neither |\n|---|---:|---:|---:|---:|".to_owned();
    for layer in &MESSAGES {
        write!(text, "\n| {} |", layer.name)?;
        for size in SIZES {
            let name = messages(layer, size);
            let ratio = results.combine(&name, &messages(&PLAIN, size), |layer, plain| layer / plain)?;
            write!(text, " {} | {} |", cell(results.spread(&name)?, 1e6, 2), cell(ratio, 1.0, 2))?;
        }
    }
    Ok(text)
}

fn opening_table(results: &Results) -> Result<String> {
    let mut text = "| layer | thousand connections | beside neither |\n|---|---:|---:|".to_owned();
    for layer in &OPENINGS {
        let name = openings(layer);
        let ratio = results.combine(&name, &openings(&PLAIN), |layer, plain| layer / plain)?;
        let each = cell(results.spread(&name)?, 1e3, 1);
        write!(text, "\n| {} | {each} | {} |", layer.name, cell(ratio, 1.0, 2))?;
    }
    Ok(text)
}

fn memory_table(results: &Results) -> Result<String> {
    let mut text =
        format!("| layer | {FEW} clients, MiB | {MANY} clients, MiB | a client, KiB |\n|---|---:|---:|---:|");
    for layer in &MEMORY {
        let [few, many] = [FEW, MANY].map(|clients| memory(layer, clients));
        let each: Spread = results.combine(&many, &few, |many, few| (many - few) / f64::from(MANY - FEW))?;
        let [few, many] = [results.spread(&few)?, results.spread(&many)?].map(|spread| cell(spread, KIB * KIB, 1));
        write!(text, "\n| {} | {few} | {many} | {} |", layer.name, cell(each, KIB, 1))?;
    }
    Ok(text)
}
