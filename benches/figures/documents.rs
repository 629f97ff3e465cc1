//! The tables of the documents, and where they stand in them: between `<!-- NAME -->` and `<!--
//! /NAME -->`.

use std::fmt::Write as _;

use crate::{
    Result, layers,
    measure::{CLIENTS, ENGINES, FEW, MANY, PAYLOADS, RESPONSE, SEND_LAG, a_client, efficiency, memory},
    merge,
    results::{Instructions, KIB, Results, cell},
    scale,
};

pub(crate) const DOCUMENTS: [&str; 3] = ["README.md", "docs/performance.md", "docs/scale.md"];

/// Steps of a message, and the benchmarks that count them for text and binary.
const STEPS: [(&str, &str, &str); 6] = [
    ("make a message", "payload::encode::text_64", "payload::encode::binary_64"),
    ("check an echo", "payload::check::text_64", "payload::check::binary_64"),
    ("encode a frame", "frames::encode::text_64", "frames::encode::binary_64"),
    ("decode a frame", "frames::decode::text_64", "frames::decode::binary_64"),
    ("ledger, in order, 16 in flight", "ledger::in_order::window_16", "ledger::in_order::window_16"),
    (
        "recorder, bursts of 16",
        "recorder::sent_and_matched::sixteen_together",
        "recorder::sent_and_matched::sixteen_together",
    ),
];

/// Nanoseconds of a microsecond.
const MICRO: f64 = 1e3;

/// Every table by its name.
pub(crate) fn tables(
    results: &Results,
    layers: Option<&Results>,
    merged: Option<&Results>,
    instructions: &Instructions,
) -> Result<Vec<(&'static str, String)>> {
    let mut tables = vec![
        ("figures", readme(results, instructions)?),
        ("machine", machine(results)),
        ("efficiency", efficiencies(results)?),
        ("memory", memories(results)?),
        ("latency", latencies(results)?),
        ("instructions", counts(instructions)?),
    ];
    match layers {
        Some(results) => {
            tables.push(("layers-machine", machine(results)));
            tables.extend(layers::tables(results)?);
        }
        None => tables.extend(["layers-machine", "layers", "openings", "layer-memory"].map(not_measured)),
    }
    match merged {
        Some(merged) => tables.extend([
            ("merge-machine", machine(merged)),
            ("merge", merge::table(merged)?),
            ("one-machine", scale::one_machine(results, merged)?),
            ("many-machines", scale::many_machines(results, merged)?),
        ]),
        None => tables.extend(["merge-machine", "merge", "one-machine", "many-machines"].map(not_measured)),
    }
    Ok(tables)
}

/// What stands in place of a table without results.
fn not_measured(name: &'static str) -> (&'static str, String) {
    (name, "Not measured yet.".to_owned())
}

/// `document` with each table that it has a place for.
pub(crate) fn insert(document: &str, tables: &[(&str, String)]) -> Result<String> {
    let mut rest = document;
    let mut new = String::new();
    while let Some((before, after)) = rest.split_once("<!-- ") {
        let (name, after) = after.split_once(" -->").ok_or("a comment does not end")?;
        let (_, table) = tables.iter().find(|(known, _)| *known == name).ok_or_else(|| format!("no table {name}"))?;
        let end = format!("<!-- /{name} -->");
        let (_, after) = after.split_once(&end).ok_or_else(|| format!("{end} is missing"))?;
        write!(new, "{before}<!-- {name} -->\n{table}\n{end}")?;
        rest = after;
    }
    Ok(new + rest)
}

fn machine(results: &Results) -> String {
    let Results { date, commit, cpu, cores, kernel, rounds, .. } = results;
    let rounds = rounds.values().map(Vec::len).max().unwrap_or(0);
    let noise = noise(results);
    format!(
        "Measured on {date} at commit {commit}: {cpu}, {cores} cores, {kernel}.{noise}\n\
         Medians of {rounds} rounds, least and most in brackets."
    )
}

/// What else took the processors, if that was much.
fn noise(results: &Results) -> String {
    let mut text = String::new();
    if results.load_average >= 0.5 {
        let _ = write!(text, "\nOther programs ran beside it (load average {:.1} before).", results.load_average);
    }
    if results.stolen >= 0.01 {
        let _ = write!(text, "\nThe hypervisor took up to {:.0} % of the processors.", results.stolen * 100.0);
    }
    text
}

fn readme(results: &Results, instructions: &Instructions) -> Result<String> {
    let mut text = "| 64 B, every byte checked | text | binary |\n|---|---:|---:|".to_owned();
    for clients in CLIENTS {
        write!(text, "\n| million messages a processor second, {clients} clients, 16 in flight |")?;
        for payload in PAYLOADS {
            write!(text, " {:.1} |", results.spread(&efficiency(clients, payload, ENGINES[0]))?.median / 1e6)?;
        }
    }
    steps(&mut text, instructions, &STEPS[..2])?;
    let [memory, lag] = [a_client(results, "generator")?.median / KIB, results.spread(SEND_LAG)?.median / MICRO];
    let noise = noise(results);
    let Results { cpu, cores, kernel, commit, .. } = results;
    write!(
        text,
        "\n\nA client takes {memory:.2} KiB. Under the default plan, the p99 of send lag was {lag:.0} µs.\n\
         {cpu}, {cores} cores, {kernel}, commit {commit}.{noise}\n\
         [Performance](docs/performance.md) has ranges, the other engine and the command."
    )?;
    Ok(text)
}

fn efficiencies(results: &Results) -> Result<String> {
    let [lean, other] = ENGINES;
    let mut text =
        format!("| clients | payload | `{lean}` | `{other}` | `{lean}` beside `{other}` |\n|---:|---|---:|---:|---:|");
    for clients in CLIENTS {
        for payload in PAYLOADS {
            let name = |engine| efficiency(clients, payload, engine);
            let ratio = results.combine(&name(lean), &name(other), |lean, other| lean / other)?;
            let [lean, other] = [lean, other].map(|engine| results.spread(&name(engine)));
            let [lean, other, ratio] = [cell(lean?, 1e6, 2), cell(other?, 1e6, 2), cell(ratio, 1.0, 2)];
            write!(text, "\n| {clients} | {payload} | {lean} | {other} | {ratio} |")?;
        }
    }
    Ok(text)
}

fn memories(results: &Results) -> Result<String> {
    let mut text =
        format!("| program | {FEW} clients, MiB | {MANY} clients, MiB | a client, KiB |\n|---|---:|---:|---:|");
    for program in ["generator", "server"] {
        let [few, many] = [FEW, MANY].map(|clients| results.spread(&memory(program, clients)));
        let [few, many] = [cell(few?, KIB * KIB, 1), cell(many?, KIB * KIB, 1)];
        write!(text, "\n| {program} | {few} | {many} | {} |", cell(a_client(results, program)?, KIB, 2))?;
    }
    Ok(text)
}

fn latencies(results: &Results) -> Result<String> {
    let [lag, response] = [cell(results.spread(SEND_LAG)?, MICRO, 1), cell(results.spread(RESPONSE)?, MICRO, 1)];
    Ok(format!("| send lag p99, µs | response p50, µs |\n|---:|---:|\n| {lag} | {response} |"))
}

fn counts(instructions: &Instructions) -> Result<String> {
    let mut text = "| 64 B | text | binary |\n|---|---:|---:|".to_owned();
    steps(&mut text, instructions, &STEPS)?;
    let machine = &instructions.machine;
    write!(text, "\n\nCounted on {} with {}.", machine.architecture, machine.rustc)?;
    Ok(text)
}

/// A row for each step.
fn steps(text: &mut String, instructions: &Instructions, steps: &[(&str, &str, &str)]) -> Result<()> {
    for (step, of_text, of_binary) in steps {
        let [of_text, of_binary] = [instructions.per_message(of_text)?, instructions.per_message(of_binary)?];
        write!(text, "\n| instructions: {step} | {of_text:.0} | {of_binary:.0} |")?;
    }
    Ok(())
}

#[test]
fn a_table_stands_between_its_comments() {
    let tables = [("a", "| new |".to_owned())];
    let text = insert("before\n<!-- a -->\n| old |\n<!-- /a -->\nafter\n", &tables).unwrap();
    assert_eq!(text, "before\n<!-- a -->\n| new |\n<!-- /a -->\nafter\n");
    assert_eq!(insert(&text, &tables).unwrap(), text, "the second time changes nothing");
    assert!(insert("<!-- a -->\n", &tables).is_err(), "no end");
    assert!(insert("<!-- b --><!-- /b -->", &tables).is_err(), "no such table");
}
