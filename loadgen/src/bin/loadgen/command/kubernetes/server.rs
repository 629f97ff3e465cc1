//! A server to test: a Deployment with one pod, and the Service that names it.

use k8s_openapi::{
    api::{
        apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy},
        core::v1::{
            Container, ContainerPort, PodSpec, PodTemplateSpec, Probe, Service, ServicePort, ServiceSpec,
            TCPSocketAction,
        },
    },
    apimachinery::pkg::{
        apis::meta::v1::{LabelSelector, ObjectMeta},
        util::intstr::IntOrString,
    },
};

use super::{
    objects::{Component, Objects},
    pods,
};

/// Seconds in which the server must listen.
const LISTENS_WITHIN_S: i32 = 60;

/// A server that is deployed for the run.
pub(super) struct DeployedServer<'a> {
    pub(super) objects: &'a Objects,
    pub(super) image: String,
    pub(super) arguments: Vec<String>,
    pub(super) port: u16,
    pub(super) image_pull_secret: Option<String>,
    pub(super) resources: pods::Resources,
}

impl DeployedServer<'_> {
    /// The Deployment.
    pub(super) fn deployment(&self) -> Deployment {
        let labels = self.objects.labels(Component::Server);
        Deployment {
            metadata: self.objects.metadata(Component::Server),
            spec: Some(DeploymentSpec {
                replicas: Some(1),
                selector: LabelSelector { match_labels: Some(labels.clone()), ..LabelSelector::default() },
                // Two servers would share the clients.
                strategy: Some(DeploymentStrategy {
                    type_: Some("Recreate".to_owned()),
                    ..DeploymentStrategy::default()
                }),
                template: PodTemplateSpec {
                    metadata: Some(ObjectMeta { labels: Some(labels), ..ObjectMeta::default() }),
                    spec: Some(PodSpec {
                        containers: vec![self.container()],
                        ..pods::pod(self.image_pull_secret.as_deref(), Vec::new())
                    }),
                },
                ..DeploymentSpec::default()
            }),
            status: None,
        }
    }

    /// The Service. It has no address of its own: its name is the address of the pod, so that no
    /// table of connections lies between.
    pub(super) fn service(&self) -> Service {
        Service {
            metadata: self.objects.metadata(Component::Server),
            spec: Some(ServiceSpec {
                cluster_ip: Some("None".to_owned()),
                selector: Some(self.objects.labels(Component::Server)),
                ports: Some(vec![ServicePort {
                    name: Some("websocket".to_owned()),
                    port: self.port.into(),
                    target_port: Some(IntOrString::Int(self.port.into())),
                    ..ServicePort::default()
                }]),
                ..ServiceSpec::default()
            }),
            status: None,
        }
    }

    fn container(&self) -> Container {
        Container {
            name: Component::Server.name().to_owned(),
            image: Some(self.image.clone()),
            args: (!self.arguments.is_empty()).then(|| self.arguments.clone()),
            ports: Some(vec![ContainerPort { container_port: self.port.into(), ..ContainerPort::default() }]),
            resources: Some(self.resources.requested()),
            security_context: Some(pods::container_security(false)),
            // Only until it listens: a probe that a loaded server answers late would take it out of
            // the Service.
            startup_probe: Some(Probe {
                tcp_socket: Some(TCPSocketAction { port: IntOrString::Int(self.port.into()), host: None }),
                period_seconds: Some(1),
                failure_threshold: Some(LISTENS_WITHIN_S),
                ..Probe::default()
            }),
            ..Container::default()
        }
    }
}
