//! The options that plan a run, and how they become a [`Plan`].

use std::{collections::BTreeMap, io};

use clap::{Args, Command};
use loadgen::plan::{
    Group, Plan, RunOptions,
    keys::{
        ConnectKeys, DialogueKeys, ExpectKeys, GeneratorKeys, GroupKeys, LengthKeys, LoadKeys, MessageKeys,
        OpenLoadKeys, PlanFile, PlanKeys, RequestKeys, RoomKeys, RunKeys, SessionKeys, TlsKeys, VerdictKeys, WireKeys,
    },
};

use super::{
    refusal::refuse,
    target::{PlanSource, TargetArgs},
};

/// Options that describe a load. A search has others than a run.
pub(crate) trait LoadArgs: Args {
    /// The load that they ask for.
    fn keys(&self) -> Result<(LoadKeys, LengthKeys), clap::Error>;
}

/// The load of a single run.
#[derive(Clone, Debug, Args)]
pub(crate) struct RunLoadArgs {
    #[command(flatten)]
    load: LoadKeys,

    #[command(flatten)]
    length: LengthKeys,
}

impl LoadArgs for RunLoadArgs {
    fn keys(&self) -> Result<(LoadKeys, LengthKeys), clap::Error> {
        Ok((self.load.clone(), self.length.clone()))
    }
}

/// What a run does, without its target. Commands differ in their load.
#[derive(Clone, Debug, Args)]
pub(crate) struct PlanArgs<L: LoadArgs = RunLoadArgs> {
    #[command(flatten)]
    load: L,

    #[command(flatten)]
    open: OpenLoadKeys,

    #[command(flatten)]
    message: MessageKeys,

    #[command(flatten)]
    expect: ExpectKeys,

    #[command(flatten)]
    dialogue: DialogueKeys,

    #[command(flatten)]
    rooms: RoomKeys,

    #[command(flatten)]
    sessions: SessionKeys,

    #[command(flatten)]
    wire: WireKeys,

    #[command(flatten)]
    connect: ConnectKeys,

    #[command(flatten)]
    request: RequestKeys,

    #[command(flatten)]
    tls: TlsKeys,

    #[command(flatten)]
    generator: GeneratorKeys,
}

impl<L: LoadArgs> PlanArgs<L> {
    /// The options of its load.
    pub(crate) fn load(&self) -> &L {
        &self.load
    }

    /// The plan of a file under the options, or of the options alone.
    pub(crate) fn plan(&self, target: &TargetArgs, verdict: &VerdictKeys) -> Result<Plan, clap::Error> {
        let (load, length) = self.load.keys()?;
        let run = RunKeys { length, generator: self.generator.clone(), verdict: verdict.clone() };
        let PlanSource { file, target } = target.source()?;
        let group = GroupKeys {
            target,
            load,
            open: self.open.clone(),
            message: self.message.clone(),
            expect: self.expect.clone(),
            dialogue: self.dialogue.clone(),
            rooms: self.rooms.clone(),
            sessions: self.sessions.clone(),
            wire: self.wire.clone(),
            connect: self.connect.clone(),
            request: self.request.clone(),
            tls: self.tls.clone(),
        };
        let Some(file) = file else {
            let keys = PlanKeys { run, defaults: group, group: Vec::new() };
            return keys.plan().map_err(|error| refuse(error.to_string()));
        };
        let file = if file.as_os_str() == "-" {
            PlanFile::read_from("the plan on stdin", io::stdin().lock())
        } else {
            PlanFile::read(file)
        };
        file.and_then(|file| file.plan(run, group)).map_err(|error| refuse(error.to_string()))
    }
}

/// The definition of a command line with the defaults of plans, for its help. To parse, it has
/// none, so that what was not given leaves what a plan file says.
pub(super) fn with_defaults(command: Command) -> Command {
    let defaults = defaults();
    let described = |command: Command| {
        command.mut_args(|arg| {
            let is_told = |help: Option<&clap::builder::StyledStr>| {
                help.is_some_and(|help| help.to_string().contains("[default:"))
            };
            match defaults.get(arg.get_id().as_str()) {
                Some(default) if arg.get_default_values().is_empty() && !is_told(arg.get_long_help()) => {
                    arg.default_value(default.clone())
                }
                _ => arg,
            }
        })
    };
    described(command).mut_subcommands(described)
}

/// The defaults of a plan, by option. A switch has none: its absence says it.
fn defaults() -> BTreeMap<String, String> {
    let plan = Plan::new(RunOptions::default(), vec![Group::default()]).ok();
    let keys = plan.map(|plan| PlanKeys::of(&plan)).unwrap_or_default();
    let group = keys.group.first().map(|group| group.keys.clone()).unwrap_or_default();
    let keys = serde_json::to_value(PlanKeys { group: Vec::new(), defaults: group, ..keys }).unwrap_or_default();
    let shown = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let keys = keys.as_object().into_iter().flatten();
    keys.filter_map(|(key, value)| Some((key.clone(), shown(value)?))).collect()
}
