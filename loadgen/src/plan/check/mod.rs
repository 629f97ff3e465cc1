//! Finds what does not fit together in a plan.

mod arrivals;
mod compression;
mod cut_rooms;
mod dialogue;
mod embedded_server;
mod expectation;
mod network_path;
mod request;
mod sessions;
mod shard;
mod sizes;
mod slow_readers;
mod templates;
mod thresholds;
mod tls;
mod wire_shape;

use std::net::IpAddr;

use http::{HeaderName, HeaderValue};
use reports::human;

use super::{error::PlanError, group::Group, load::Until, rate::Rate, run_options::RunOptions};
use crate::rooms::Membership;

/// Finds what does not fit together.
pub(super) fn check(run: &RunOptions, groups: &[Group]) -> Result<(), PlanError> {
    if groups.is_empty() {
        let why = "a plan has one group at least".to_owned();
        return Err(PlanError { group: None, key: "group", value: None, why });
    }
    for (index, group) in groups.iter().enumerate() {
        if groups[..index].iter().any(|other| other.name == group.name) {
            let why = "another group has this name; give each its own".to_owned();
            return Err(PlanError::new(Some(index), "name", group.name, why));
        }
        arrivals::check(index, group, run)?;
        sizes::check(index, group)?;
        expectation::check(index, group)?;
        templates::check(index, group)?;
        dialogue::check(index, group)?;
        sessions::check(index, run, group)?;
        wire_shape::check(index, group)?;
        compression::check(index, run, group)?;
        network_path::check(index, group)?;
        request::check(index, group)?;
        tls::check(index, group)?;
        headers(&group.connect.headers).map_err(|why| about(index, "header", why))?;
        sources(index, &group.connect.sources)?;
    }
    totals(groups)?;
    rooms(groups)?;
    cut_rooms::check(run, groups)?;
    slow_readers::check(groups)?;
    tls::check_embedded(groups)?;
    embedded_server::check(groups)?;
    end(run, groups)?;
    shard::check(run, groups)?;
    thresholds::check(run, groups)
}

fn about(index: usize, key: &'static str, why: String) -> PlanError {
    PlanError { group: Some(index), key, value: None, why }
}

/// Finds that no field is given twice that can be there once only, and that subprotocols are named
/// as they must be.
fn headers(headers: &[(HeaderName, HeaderValue)]) -> Result<(), String> {
    for once in ["host", "authorization", "origin", "user-agent"] {
        if headers.iter().filter(|(name, _)| name == once).count() > 1 {
            return Err(format!("`{once}` can be given once only"));
        }
    }
    let mut offered: Vec<&[u8]> = Vec::new();
    for (_, value) in headers.iter().filter(|(name, _)| name == "sec-websocket-protocol") {
        for name in value.as_bytes().split(|&byte| byte == b',').map(<[u8]>::trim_ascii) {
            // What differs from client to client is checked with its values.
            if !frames::handshake::is_token(name) && !name.windows(2).any(|two| two == b"{{") {
                let remedy = "expected names of letters, digits and !#$%&'*+-.^_`|~, such as 'graphql-ws, v2'";
                return Err(format!("`sec-websocket-protocol` names a subprotocol that can't be one; {remedy}"));
            }
            if offered.contains(&name) {
                return Err("`sec-websocket-protocol` offers a subprotocol twice".to_owned());
            }
            offered.push(name);
        }
    }
    Ok(())
}

fn sources(index: usize, sources: &[IpAddr]) -> Result<(), PlanError> {
    let Some(first) = sources.first() else { return Ok(()) };
    let Some(other) = sources.iter().find(|source| source.is_ipv4() != first.is_ipv4()) else { return Ok(()) };
    let why = format!("{first} is of another family; give IPv4 or IPv6 addresses, not both");
    Err(PlanError::new(Some(index), "source_ip", other, why))
}

/// Finds that rooms can't work.
fn rooms(groups: &[Group]) -> Result<(), PlanError> {
    Membership::of(groups).map(drop)
}

/// Finds that a number of messages is to end the run, and nobody sends any.
fn end(run: &RunOptions, groups: &[Group]) -> Result<(), PlanError> {
    match run.until {
        Until::Messages(messages) if !groups.iter().any(|group| group.load.sends()) => {
            let why = "clients that only listen (--rate 0) send none, so the run would not end; give --duration";
            Err(PlanError::new(None, "messages", messages, why.to_owned()))
        }
        Until::Messages(_) | Until::Elapsed(_) => Ok(()),
    }
}

/// Bounds what all groups have together.
fn totals(groups: &[Group]) -> Result<(), PlanError> {
    let (mut clients, mut rate) = (0_u32, 0.0);
    for (index, group) in groups.iter().enumerate() {
        let Some(sum) = clients.checked_add(group.clients.get()) else {
            let why = format!("all groups together have more than {} clients", human::count(u32::MAX.into()));
            return Err(PlanError::new(Some(index), "clients", group.clients, why));
        };
        clients = sum;
        rate += group.peak_rate().unwrap_or(0.0);
        if let Some(each) = group.load.peak_rate().filter(|_| rate > Rate::MAX_TOTAL) {
            let with = if groups.len() > 1 { ", over all groups" } else { "" };
            let why = format!(
                "with --clients {}: {} messages per second in total{with}; at most {} are accepted",
                group.clients,
                human::rate(rate),
                human::rate(Rate::MAX_TOTAL)
            );
            let key = if group.load.stages_length().is_some() { "stage" } else { "rate" };
            return Err(PlanError::new(Some(index), key, each.per_second(), why));
        }
    }
    Ok(())
}
