//! The Job: one pod a shard.

use std::time::SystemTime;

use k8s_openapi::{
    api::{
        batch::v1::{Job, JobSpec},
        core::v1::{
            Affinity, ConfigMapVolumeSource, Container, EnvVar, EnvVarSource, PodAffinityTerm, PodAntiAffinity,
            PodSpec, PodTemplateSpec, SecretKeySelector, SecretVolumeSource, TopologySpreadConstraint, Volume,
            VolumeMount, WeightedPodAffinityTerm,
        },
    },
    apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta},
};
use loadgen::plan::Plan;

use super::{
    objects::{Component, Objects},
    plan_files::{PLAN, PlanFiles},
    pods,
};

/// Where pods find the plan.
const FOLDER: &str = "/etc/loadgen";

/// Pods that are to be apart are on different values of this label.
const NODE: &str = "kubernetes.io/hostname";

/// What a pod may take besides its planned length, in seconds: images are pulled, results written.
const SLACK_S: u64 = 600;

/// What an end by the system leaves besides the drain to write the result, in seconds.
const WRITING_S: u64 = 30;

/// What the Job is made of.
pub(super) struct ShardsJob<'a> {
    pub(super) objects: &'a Objects,
    /// The plan that each pod gets.
    pub(super) plan: &'a Plan,
    pub(super) files: &'a PlanFiles,
    pub(super) shards: u32,
    pub(super) image: String,
    /// When it is made, and when the load begins.
    pub(super) made: SystemTime,
    pub(super) start: SystemTime,
    pub(super) one_per_node: bool,
    /// The Secret that holds the plan's variables.
    pub(super) variables: String,
    pub(super) image_pull_secret: Option<String>,
    pub(super) resources: pods::Resources,
    /// Whether a server is deployed, for which the Job waits.
    pub(super) has_server: bool,
}

impl ShardsJob<'_> {
    /// The Job.
    pub(super) fn job(&self) -> Job {
        // Neither field is negative for any time that a plan may have.
        let pods = i32::try_from(self.shards).unwrap_or(i32::MAX);
        let labels = self.objects.labels(Component::Shard);
        Job {
            metadata: self.objects.metadata(Component::Shard),
            spec: Some(JobSpec {
                completion_mode: Some("Indexed".to_owned()),
                completions: Some(pods),
                parallelism: Some(pods),
                // One that fails is not repeated: the others would not wait for it. They go on:
                // with `backoffLimit: 0`, the first that fails would end all, with their results.
                backoff_limit_per_index: Some(0),
                active_deadline_seconds: self.deadline(),
                suspend: self.has_server.then_some(true),
                template: PodTemplateSpec {
                    metadata: Some(ObjectMeta {
                        labels: Some(labels),
                        // A node that is taken away takes a shard of the run with it.
                        annotations: Some(
                            [("cluster-autoscaler.kubernetes.io/safe-to-evict".to_owned(), "false".to_owned())].into(),
                        ),
                        ..ObjectMeta::default()
                    }),
                    spec: Some(self.pod()),
                },
                ..JobSpec::default()
            }),
            status: None,
        }
    }

    /// Seconds after which pods are ended; none if nobody knows how long the run takes.
    fn deadline(&self) -> Option<i64> {
        let until_start = self.start.duration_since(self.made).unwrap_or_default();
        let length = until_start + self.plan.length()? + self.plan.run().drain;
        i64::try_from(length.as_secs() + SLACK_S).ok()
    }

    fn pod(&self) -> PodSpec {
        let drain = self.plan.run().drain.as_secs();
        PodSpec {
            restart_policy: Some("Never".to_owned()),
            termination_grace_period_seconds: i64::try_from(drain + WRITING_S).ok(),
            topology_spread_constraints: Some(vec![TopologySpreadConstraint {
                label_selector: Some(self.selector(Component::Shard)),
                max_skew: 1,
                topology_key: NODE.to_owned(),
                when_unsatisfiable: "ScheduleAnyway".to_owned(),
                ..TopologySpreadConstraint::default()
            }]),
            affinity: self.affinity(),
            volumes: Some(vec![self.volume()]),
            containers: vec![self.container()],
            ..pods::pod(self.image_pull_secret.as_deref(), pods::shard_sysctls())
        }
    }

    /// Which pods must or should not be on one node.
    fn affinity(&self) -> Option<Affinity> {
        let apart = |component| PodAffinityTerm {
            label_selector: Some(self.selector(component)),
            topology_key: NODE.to_owned(),
            ..PodAffinityTerm::default()
        };
        let from_server = || vec![WeightedPodAffinityTerm { pod_affinity_term: apart(Component::Server), weight: 100 }];
        let anti = PodAntiAffinity {
            required_during_scheduling_ignored_during_execution: self
                .one_per_node
                .then(|| vec![apart(Component::Shard)]),
            preferred_during_scheduling_ignored_during_execution: self.has_server.then(from_server),
        };
        (anti != PodAntiAffinity::default()).then(|| Affinity { pod_anti_affinity: Some(anti), ..Affinity::default() })
    }

    fn selector(&self, component: Component) -> LabelSelector {
        LabelSelector { match_labels: Some(self.objects.labels(component)), ..LabelSelector::default() }
    }

    fn volume(&self) -> Volume {
        let name = self.objects.plan();
        let volume = Volume { name: "plan".to_owned(), ..Volume::default() };
        if self.files.are_secret {
            let secret = SecretVolumeSource { secret_name: Some(name), ..SecretVolumeSource::default() };
            Volume { secret: Some(secret), ..volume }
        } else {
            Volume { config_map: Some(ConfigMapVolumeSource { name, ..ConfigMapVolumeSource::default() }), ..volume }
        }
    }

    fn container(&self) -> Container {
        let start = humantime::format_rfc3339_seconds(self.start).to_string();
        // Nothing else is printed at the end: the log has stdout and stderr as they come, and a
        // long line in pieces.
        let arguments = ["run", &format!("{FOLDER}/{PLAN}"), "--shard", "auto", "--start-at", &start];
        let arguments = arguments.into_iter().chain(["--json=line", "--quiet"]).map(str::to_owned);
        Container {
            name: Component::Shard.name().to_owned(),
            image: Some(self.image.clone()),
            command: Some(vec!["loadgen".to_owned()]),
            args: Some(arguments.collect()),
            env: Some(self.environment()),
            resources: Some(self.resources.limited()),
            security_context: Some(pods::container_security(true)),
            volume_mounts: Some(vec![VolumeMount {
                name: "plan".to_owned(),
                mount_path: FOLDER.to_owned(),
                read_only: Some(true),
                ..VolumeMount::default()
            }]),
            ..Container::default()
        }
    }

    /// The index of a pod comes with the Job, the number of pods does not.
    fn environment(&self) -> Vec<EnvVar> {
        let shards =
            EnvVar { name: "LOADGEN_SHARDS".to_owned(), value: Some(self.shards.to_string()), ..EnvVar::default() };
        let secret = |name: &String| {
            let key = SecretKeySelector { key: name.clone(), name: self.variables.clone(), optional: None };
            let source = EnvVarSource { secret_key_ref: Some(key), ..EnvVarSource::default() };
            EnvVar { name: name.clone(), value_from: Some(source), ..EnvVar::default() }
        };
        [shards].into_iter().chain(self.files.variables.iter().map(secret)).collect()
    }
}
