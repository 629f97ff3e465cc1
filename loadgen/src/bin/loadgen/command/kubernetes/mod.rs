//! `loadgen kubernetes`: a plan becomes a manifest of Kubernetes.
//!
//! ```text
//! plan_files.rs  the plan and its files, as pods get them
//! objects.rs     names and labels
//! pods.rs        what all pods have: rights, ports, processors, memory
//! job.rs         the Job, one pod a shard
//! server.rs      a server to test
//! commands.rs    what runs the Job, and collects its results
//! manifest.rs    objects as YAML
//! ```

mod commands;
mod job;
mod manifest;
mod objects;
mod plan_files;
mod pods;
mod server;

use std::{
    num::NonZeroU32,
    path::Path,
    time::{Duration, SystemTime},
};

use loadgen::plan::{
    Plan, PlanError, Shard, Start, Target,
    keys::{Number, PlanKeys},
};
use program::Exit;
use reports::human;

use self::{
    commands::CommandsFor,
    job::ShardsJob,
    manifest::{Manifest, PlanObject},
    objects::Objects,
    plan_files::PlanFiles,
    pods::Resources,
    server::DeployedServer,
};
use super::{plan::describe, public_target};
use crate::{
    cli::{self, Destination, KubernetesArgs},
    command_error::CommandError,
    export::{Saved, put},
    terminal::{self, tell},
};

/// Ports that a pod has for each server address.
const PORTS: u32 = 65_535 - 1023;

/// What pods need at least until they run, in seconds: nodes are found, images pulled.
const SCHEDULING_S: f64 = 20.0;

/// Writes a manifest; how the process ends.
pub(super) fn kubernetes(args: &KubernetesArgs) -> Result<Exit, CommandError> {
    args.check()?;
    let made = SystemTime::now();
    let start = args.start(made)?;
    let given = args.plan()?;
    let objects = Objects { name: args.name(), namespace: args.job.namespace.clone() };
    let plan = at_its_servers(args, &objects, &given)?;
    let mut keys = PlanKeys::of(&plan);
    keys.run.generator.threads = Some(Number(plan.run().threads.unwrap_or(args.job.cpu.0)));
    let files = PlanFiles::of(keys)?;
    let plan = in_shards(args, plan, files.seed, start)?;
    let text = manifest(args, &Content { given: &given, plan: &plan, files: &files, objects: &objects, made, start })?;
    let mut saved = Saved::default();
    saved.note("--out", put(&args.out, |out| out.write_all(text.as_bytes())));
    if !args.console.quiet {
        terminal::show(&args.console, true, |_, out| describe(&plan, out));
        public_target::warn(&args.console, &given, None);
        for note in notes(args, &plan, &files, start.duration_since(made).unwrap_or_default()) {
            tell(format!("loadgen: {note}"));
        }
        for line in text.lines().map_while(|line| line.strip_prefix('#')) {
            tell(line.trim_start_matches(' '));
        }
    }
    Ok(saved.exit(Exit::Pass))
}

/// What a manifest is made of, besides the arguments.
struct Content<'a> {
    /// The plan as it was given.
    given: &'a Plan,
    /// The plan as a pod has it.
    plan: &'a Plan,
    files: &'a PlanFiles,
    objects: &'a Objects,
    made: SystemTime,
    start: SystemTime,
}

fn refused(error: PlanError) -> clap::Error {
    cli::refuse(error.to_string())
}

/// The plan with the server that is deployed, in place of one that a run starts itself.
fn at_its_servers(args: &KubernetesArgs, objects: &Objects, plan: &Plan) -> Result<Plan, clap::Error> {
    let embedded = plan.groups().iter().find(|group| group.target == Target::Embedded);
    match (embedded, &args.server.server_image) {
        (Some(group), Some(_)) if group.connect.tls.embedded => Err(cli::refuse(
            "--tls: pods would not trust the certificate that the server makes; leave it out, or give a wss:// URL"
                .to_owned(),
        )),
        (None, None) => Ok(plan.clone()),
        (Some(_), Some(_)) => {
            plan.with_server_at(&format!("{}:{}", objects.server(), args.server.server_port)).map_err(refused)
        }
        (Some(group), None) => Err(cli::refuse(format!(
            "group `{}` has no target, and each shard would start a server of its own: give a URL, or deploy one with \
             --server-image",
            group.name
        ))),
        (None, Some(image)) => Err(cli::refuse(format!(
            "--server-image {}: each group has a target, so no client would come; leave out one of the two",
            image.0
        ))),
    }
}

/// The plan as a pod has it: checked as the pod will, with as many threads as it has cores.
fn in_shards(args: &KubernetesArgs, plan: Plan, seed: u64, start: SystemTime) -> Result<Plan, clap::Error> {
    let shards = args.job.shards;
    let shard = Shard::new(1, shards).map_err(|error| cli::refuse(format!("--shards {shards}: {error}")))?;
    let threads = plan.run().threads.unwrap_or(args.job.cpu.0);
    let changed = plan.with(|run, _| {
        (run.shard, run.start) = (Some(shard), Some(Start::At(start)));
        (run.threads, run.seed) = (Some(threads), Some(seed));
    });
    changed.map_err(|error| match error.key {
        "shard" => cli::refuse(format!("--shards {shards}: {}", error.why)),
        _ => refused(error),
    })
}

/// Most clients of a shard.
fn clients_of_a_shard(args: &KubernetesArgs, plan: &Plan) -> u32 {
    plan.clients().get().div_ceil(NonZeroU32::new(args.job.shards).unwrap_or(NonZeroU32::MIN).get())
}

fn manifest(args: &KubernetesArgs, content: &Content<'_>) -> Result<String, CommandError> {
    let &Content { given, plan, files, objects, .. } = content;
    let job = &args.job;
    let has_server = args.server.server_image.is_some();
    let clients = clients_of_a_shard(args, plan);
    let memory_bytes = job.memory.unwrap_or_else(|| Resources::memory_for(clients));
    let resources = Resources { cpu: job.cpu.0, memory_bytes };
    let image_pull_secret = job.image_pull_secret.clone();
    let named_secret = job.secret.clone();
    let commands = CommandsFor {
        objects,
        manifest: match &args.out {
            Destination::File(path) => Some(path),
            Destination::Stdout => None,
        },
        variables: files.variables.iter().map(String::as_str).filter(|_| named_secret.is_none()).collect(),
        has_server,
    };
    let mut manifest = Manifest::headed(&heading(args, content), &commands.commands());
    manifest.add(&PlanObject::of(objects, files))?;
    if let Some(image) = &args.server.server_image {
        let server = DeployedServer {
            objects,
            image: image.0.clone(),
            arguments: args.server.arguments(given.embedded_options())?,
            port: args.server.server_port,
            image_pull_secret: image_pull_secret.clone(),
            resources: Resources { memory_bytes: Resources::memory_for(plan.clients().get()), ..resources },
        };
        manifest.add(&server.service())?;
        manifest.add(&server.deployment())?;
    }
    let job = ShardsJob {
        objects,
        plan,
        files,
        shards: job.shards,
        image: job.image.0.clone(),
        made: content.made,
        start: content.start,
        one_per_node: job.one_per_node,
        variables: named_secret.unwrap_or_else(|| objects.variables()),
        image_pull_secret,
        resources,
        has_server,
    };
    manifest.add(&job.job())?;
    Ok(manifest.text().to_owned())
}

/// What the manifest is.
fn heading(args: &KubernetesArgs, content: &Content<'_>) -> Vec<String> {
    let plan = args.plan_file().map(|file| format!(" of {}", file.file_name().map_or(file, Path::new).display()));
    let clients = human::count(content.plan.clients().get().into());
    vec![
        format!(
            "A run{} in {} shards: {clients} clients in all. Made by loadgen {}.",
            plan.unwrap_or_default(),
            args.job.shards,
            env!("CARGO_PKG_VERSION")
        ),
        format!(
            "The load begins at {}. Shards that are not ready then say so, and the result is invalid.",
            humantime::format_rfc3339_seconds(content.start)
        ),
    ]
}

/// What the user should know.
fn notes(args: &KubernetesArgs, plan: &Plan, files: &PlanFiles, until_start: Duration) -> Vec<String> {
    let mut notes = Vec::new();
    if files.are_secret {
        notes.push(
            "the plan holds credentials or data, so a Secret has it in place of a ConfigMap; the manifest holds them, too"
                .to_owned(),
        );
    }
    let connecting = f64::from(plan.clients().get()) / plan.run().connect_rate.per_second();
    if connecting + SCHEDULING_S > until_start.as_secs_f64() {
        notes.push(format!(
            "clients take {} at least to open, and the load begins in {}: that leaves little time to start pods; raise \
             --connect-rate or --start-in",
            human::seconds(connecting),
            human::seconds(until_start.as_secs_f64().round()),
        ));
    }
    let clients = clients_of_a_shard(args, plan);
    let servers = plan.groups().iter().flat_map(|group| group.target.urls()).count().max(1);
    let ports = u64::from(PORTS) * servers as u64;
    if u64::from(clients) > ports {
        notes.push(format!(
            "each shard has up to {} clients, and a pod has {} ports for each address of a server: if the servers have one \
             address each, ask for more --shards",
            human::count(clients.into()),
            human::count(PORTS.into()),
        ));
    }
    notes
}
