//! What pods of shards and of the server have in common.

use std::{collections::BTreeMap, num::NonZeroUsize};

use k8s_openapi::{
    api::core::v1::{
        Capabilities, LocalObjectReference, PodSecurityContext, PodSpec, ResourceRequirements, SeccompProfile,
        SecurityContext, Sysctl,
    },
    apimachinery::pkg::api::resource::Quantity,
};

/// The user and group `nonroot` of images without others.
const NONROOT: i64 = 65_532;

/// What a pod asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resources {
    pub(super) cpu: NonZeroUsize,
    pub(super) memory_bytes: u64,
}

impl Resources {
    /// What a shard has at least, in bytes, and what each client adds. The generator takes 0.4 KiB
    /// of the latter (`docs/performance.md`); the rest is the kernel's, of which control groups
    /// count sockets and their buffers.
    const LEAST: u64 = 256 << 20;
    const A_CLIENT: u64 = 16 << 10;

    /// Memory for so many clients, in bytes.
    pub(super) fn memory_for(clients: u32) -> u64 {
        Self::LEAST + Self::A_CLIENT * u64::from(clients)
    }

    /// Requests, and the memory as a limit. Processor time has none: a pod that reaches it would
    /// stand still.
    pub(super) fn limited(self) -> ResourceRequirements {
        let limits = Some([("memory".to_owned(), self.memory())].into());
        ResourceRequirements { limits, ..self.requested() }
    }

    /// Requests without limits.
    pub(super) fn requested(self) -> ResourceRequirements {
        let cpu = Quantity(self.cpu.to_string());
        let requests = BTreeMap::from([("cpu".to_owned(), cpu), ("memory".to_owned(), self.memory())]);
        ResourceRequirements { requests: Some(requests), ..ResourceRequirements::default() }
    }

    fn memory(self) -> Quantity {
        Quantity(format!("{}Mi", self.memory_bytes.div_ceil(1 << 20)))
    }
}

/// Ports to connect from: all that no privilege guards, instead of the usual 28 232. One of the
/// sysctls that Kubernetes calls safe, so nodes need not allow it.
pub(super) fn shard_sysctls() -> Vec<Sysctl> {
    vec![Sysctl { name: "net.ipv4.ip_local_port_range".to_owned(), value: "1024 65535".to_owned() }]
}

/// A pod that meets the standard `restricted` and needs nothing of its cluster.
pub(super) fn pod(image_pull_secret: Option<&str>, sysctls: Vec<Sysctl>) -> PodSpec {
    PodSpec {
        automount_service_account_token: Some(false),
        enable_service_links: Some(false),
        image_pull_secrets: image_pull_secret.map(|name| vec![LocalObjectReference { name: name.to_owned() }]),
        security_context: Some(PodSecurityContext {
            run_as_non_root: Some(true),
            run_as_user: Some(NONROOT),
            run_as_group: Some(NONROOT),
            // Readers of the files of a Secret.
            fs_group: Some(NONROOT),
            seccomp_profile: Some(SeccompProfile { type_: "RuntimeDefault".to_owned(), ..SeccompProfile::default() }),
            sysctls: Some(sysctls).filter(|sysctls| !sysctls.is_empty()),
            ..PodSecurityContext::default()
        }),
        ..PodSpec::default()
    }
}

/// A container without privileges, which may write files or not.
pub(super) fn container_security(read_only: bool) -> SecurityContext {
    SecurityContext {
        allow_privilege_escalation: Some(false),
        capabilities: Some(Capabilities { drop: Some(vec!["ALL".to_owned()]), ..Capabilities::default() }),
        read_only_root_filesystem: read_only.then_some(true),
        ..SecurityContext::default()
    }
}
