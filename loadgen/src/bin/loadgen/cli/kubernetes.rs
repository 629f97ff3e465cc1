//! `loadgen kubernetes`: a plan becomes a Job of Kubernetes.

use std::{
    num::NonZeroUsize,
    path::Path,
    str::FromStr,
    time::{Duration, SystemTime},
};

use bytesize::ByteSize;
use clap::Args;
use loadgen::plan::{
    Plan,
    keys::{Number, PositiveTime, VerdictKeys},
};

use super::{
    console::ConsoleArgs,
    outputs::{Destination, check_destinations},
    plan::PlanArgs,
    refusal::refuse,
    shard::instant,
    target::TargetArgs,
};

/// Pods of an Indexed Job at once, at most.
const MOST_SHARDS: u32 = 100_000;

/// Longest name. `-server`, or the index and a random ending of a pod, must fit behind it in 63.
const LONGEST_NAME: usize = 45;

/// Write a Kubernetes Job that runs a plan in shards
///
/// Each pod of an Indexed Job is one shard of the run. The manifest goes to stdout, the commands
/// that run it and collect the results to stderr. Nothing is sent to a cluster.
#[derive(Clone, Debug, Args)]
pub(crate) struct KubernetesArgs {
    #[command(flatten)]
    plan: PlanArgs,

    #[command(flatten)]
    target: TargetArgs,

    #[command(flatten)]
    verdict: VerdictKeys,

    #[command(flatten)]
    pub(crate) job: JobArgs,

    #[command(flatten)]
    pub(crate) server: DeployedServerArgs,

    /// Save the manifest in this file
    ///
    /// The file and stdout hold what the plan holds, secrets too.
    #[arg(short, long, value_name = "FILE", default_value = "-", hide_default_value = true, help_heading = "Output")]
    pub(crate) out: Destination,

    #[command(flatten)]
    pub(crate) console: ConsoleArgs,
}

/// The Job and its pods.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Job")]
#[allow(clippy::doc_markdown)]
pub(crate) struct JobArgs {
    /// Pods, each with a part of the clients
    #[arg(long, value_name = "N", value_parser = shards)]
    pub(crate) shards: u32,

    /// Image that has loadgen in its PATH
    #[arg(long, value_name = "REF")]
    pub(crate) image: ImageName,

    /// Name of the Job, at most 45 characters
    ///
    /// [default: loadgen-PLAN]
    #[arg(long, value_name = "NAME", value_parser = job_name)]
    name: Option<String>,

    /// Namespace of all objects
    ///
    /// [default: the one that kubectl is set to]
    #[arg(long, value_name = "NAME", value_parser = namespace)]
    pub(crate) namespace: Option<String>,

    /// The load begins so long from now: create the Job soon
    ///
    /// Until then, nodes must be there, images be pulled and clients connect.
    #[arg(long, value_name = "TIME", default_value = "2m", conflicts_with = "start_at")]
    start_in: PositiveTime,

    /// The load begins at this instant, such as 2027-01-31T12:00:00Z
    #[arg(long, value_name = "RFC3339", value_parser = instant)]
    start_at: Option<SystemTime>,

    /// Cores that a pod asks for
    ///
    /// A shard has as many threads, unless --threads says otherwise. There is no limit: a pod that
    /// reaches its limit stands still for a part of every 100 ms, and delays are the result.
    #[arg(long, value_name = "N", default_value = "2")]
    pub(crate) cpu: Number<NonZeroUsize>,

    /// Memory that a pod asks for and may not exceed, such as 1GiB
    ///
    /// [default: 256 MiB and 16 KiB a client]
    #[arg(long, value_name = "BYTES", value_parser = memory)]
    pub(crate) memory: Option<u64>,

    /// Never put two pods on one node
    ///
    /// Pods for which there is no node wait, and are late. Without it, pods spread over the nodes
    /// as evenly as they can.
    #[arg(long)]
    pub(crate) one_per_node: bool,

    /// Secret that holds the variables which the plan names as env:NAME
    ///
    /// [default: NAME-env, which the first command that is printed creates]
    #[arg(long, value_name = "NAME", value_parser = secret_name)]
    pub(crate) secret: Option<String>,

    /// Secret with the credentials of the images' registry
    #[arg(long, value_name = "NAME", value_parser = secret_name)]
    pub(crate) image_pull_secret: Option<String>,
}

/// A server to test.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Job")]
// The names of the options.
#[allow(clippy::doc_markdown, clippy::struct_field_names)]
pub(crate) struct DeployedServerArgs {
    /// Deploy this server, too, for the groups without a target
    ///
    /// One pod, behind a Service. The Job waits until it listens.
    #[arg(long, value_name = "REF")]
    pub(crate) server_image: Option<ImageName>,

    /// Arguments of the server's image
    ///
    /// [default: serve --listen :9001, and the options that the plan needs, as for the image of
    /// loadgen]
    #[arg(long, value_name = "ARGUMENTS", allow_hyphen_values = true, requires = "server_image")]
    server_args: Option<String>,

    /// Port on which the server listens
    #[arg(long, value_name = "PORT", default_value = "9001", requires = "server_image")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) server_port: u16,
}

/// The reference of an image, such as `registry.example.org/loadgen:1.0`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ImageName(pub(crate) String);

impl FromStr for ImageName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let allowed = |c: u8| c.is_ascii_alphanumeric() || b"._-/:@".contains(&c);
        if text.is_empty() || !text.bytes().all(allowed) {
            return Err("expected an image, such as registry.example.org/loadgen:1.0".to_owned());
        }
        Ok(Self(text.to_owned()))
    }
}

impl KubernetesArgs {
    /// The plan that the arguments ask for.
    pub(crate) fn plan(&self) -> Result<Plan, clap::Error> {
        self.plan.plan(&self.target, &self.verdict)
    }

    /// The plan file, if it is one that has a name.
    pub(crate) fn plan_file(&self) -> Option<&Path> {
        let source = self.target.source().ok()?;
        source.file.filter(|file| file.as_os_str() != "-")
    }

    /// Name of the Job.
    pub(crate) fn name(&self) -> String {
        self.job.name.clone().unwrap_or_else(|| default_name(self.plan_file()))
    }

    /// When the load begins: a whole second.
    ///
    /// # Errors
    /// It is over.
    pub(crate) fn start(&self, now: SystemTime) -> Result<SystemTime, clap::Error> {
        let PositiveTime(from_now) = self.job.start_in;
        let start = self.job.start_at.unwrap_or(now + from_now);
        let since_epoch = start.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let partial = since_epoch.subsec_nanos() > 0;
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(since_epoch.as_secs() + u64::from(partial));
        if start > now {
            return Ok(start);
        }
        let [start, now] = [start, now].map(humantime::format_rfc3339_seconds);
        Err(refuse(format!("--start-at {start}: that is over, as it is {now}; give a later instant, or --start-in")))
    }

    /// Finds out whether the manifest can be written.
    pub(crate) fn check(&self) -> Result<(), clap::Error> {
        check_destinations(false, [("--out", &self.out)])
    }
}

impl DeployedServerArgs {
    /// Arguments of the server's container; `options` are what the reference server needs.
    ///
    /// # Errors
    /// They are no words of a shell.
    pub(crate) fn arguments(&self, options: Vec<String>) -> Result<Vec<String>, clap::Error> {
        let Some(given) = &self.server_args else {
            let listen = ["serve".to_owned(), "--listen".to_owned(), format!(":{}", self.server_port)];
            return Ok(listen.into_iter().chain(options).collect());
        };
        shlex::split(given).ok_or_else(|| {
            refuse("--server-args: a quotation mark or a backslash at the end has no partner".to_owned())
        })
    }
}

/// A name after the plan file.
fn default_name(file: Option<&Path>) -> String {
    let stem = file.and_then(Path::file_stem).unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let words = stem.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut name = ["loadgen"].into_iter().chain(words).collect::<Vec<_>>().join("-");
    name.truncate(LONGEST_NAME);
    name.trim_end_matches('-').to_owned()
}

/// A name of a Job whose Service has a name, too: that begins with a letter.
fn job_name(text: &str) -> Result<String, String> {
    let fits = text.len() <= LONGEST_NAME && is_label(text) && text.starts_with(|c: char| c.is_ascii_lowercase());
    let why = || {
        format!("expected up to {LONGEST_NAME} of a-z, 0-9 and -, of which the first is a letter and the last is no -")
    };
    fits.then(|| text.to_owned()).ok_or_else(why)
}

fn namespace(text: &str) -> Result<String, String> {
    let fits = text.len() <= 63 && is_label(text);
    fits.then(|| text.to_owned()).ok_or_else(|| "expected up to 63 of a-z, 0-9 and -, not at the ends".to_owned())
}

fn secret_name(text: &str) -> Result<String, String> {
    let fits = text.len() <= 253 && text.split('.').all(is_label);
    fits.then(|| text.to_owned()).ok_or_else(|| "expected a-z, 0-9, - and ., such as tokens".to_owned())
}

/// Whether this is a label of the DNS in lower case (RFC 1123), of any length.
fn is_label(text: &str) -> bool {
    let allowed = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    !text.is_empty() && text.bytes().all(allowed) && !text.starts_with('-') && !text.ends_with('-')
}

fn shards(text: &str) -> Result<u32, String> {
    let Number(shards) = text.parse::<Number<std::num::NonZeroU32>>()?;
    if shards.get() > MOST_SHARDS {
        return Err(format!("a Job has at most {MOST_SHARDS} pods at once"));
    }
    Ok(shards.get())
}

fn memory(text: &str) -> Result<u64, String> {
    let bytes = ByteSize::from_str(text).ok().map(|size| size.as_u64()).filter(|&bytes| bytes >= 16 << 20);
    bytes.ok_or_else(|| "expected bytes, such as 512MiB or 2GiB, 16 MiB at least".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_named_after_its_plan() {
        for (file, name) in [
            (None, "loadgen"),
            (Some("plans/chat.toml"), "loadgen-chat"),
            (Some("A b_ü--9.toml"), "loadgen-a-b-9"),
            (Some("-.toml"), "loadgen"),
            (Some("0123456789012345678901234567890123456-890.toml"), "loadgen-0123456789012345678901234567890123456"),
        ] {
            assert_eq!(default_name(file.map(Path::new)), name);
            assert!(job_name(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn names_are_what_kubernetes_takes() {
        for text in ["", "A", "1a", "a-", "a_b", "a.b", "-a", "a\nb", &"a".repeat(46)] {
            assert!(job_name(text).is_err(), "{text}");
        }
        for text in ["", "A", "a b", "-a", "a.b", "a;b", &"a".repeat(64)] {
            assert!(namespace(text).is_err(), "{text}");
        }
        for text in ["", "a..b", "$(a)", "a.", &"a".repeat(254)] {
            assert!(secret_name(text).is_err(), "{text}");
        }
        assert!(namespace("1-a").is_ok() && secret_name("a.b-1").is_ok());
        for text in ["", "a b", "a\n", "'a'", "$(x)", "ü"] {
            assert!(text.parse::<ImageName>().is_err(), "{text}");
        }
        let image = "registry.example.org:5000/team/loadgen:1.0@sha256:00ff";
        assert_eq!(image.parse::<ImageName>().unwrap().0, image);
    }

    #[test]
    fn memory_has_a_unit_and_shards_a_bound() {
        assert_eq!((memory("1GiB"), memory("16MiB")), (Ok(1 << 30), Ok(16 << 20)));
        assert!(memory("5").is_err() && memory("x").is_err());
        assert_eq!((shards("20"), shards("100k")), (Ok(20), Ok(100_000)));
        assert!(shards("0").is_err() && shards("100001").is_err());
    }
}
