//! Names and labels of the objects.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// What a pod is in the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Component {
    Shard,
    Server,
}

impl Component {
    /// Its name in labels, and that of its container.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Shard => "shard",
            Self::Server => "server",
        }
    }
}

/// Names and labels of the objects of a run.
#[derive(Clone, Debug)]
pub(super) struct Objects {
    /// Name of the Job, with which the other names begin.
    pub(super) name: String,
    pub(super) namespace: Option<String>,
}

impl Objects {
    /// The object that holds the plan.
    pub(super) fn plan(&self) -> String {
        format!("{}-plan", self.name)
    }

    /// The Secret that holds the plan's variables, if it is not named.
    pub(super) fn variables(&self) -> String {
        format!("{}-env", self.name)
    }

    /// Deployment and Service of the server, whose name is that of its host.
    pub(super) fn server(&self) -> String {
        format!("{}-server", self.name)
    }

    /// Labels of objects and pods, which select the latter.
    pub(super) fn labels(&self, component: Component) -> BTreeMap<String, String> {
        let labels = [("name", "loadgen"), ("instance", &*self.name), ("component", component.name())];
        labels.map(|(key, value)| (format!("app.kubernetes.io/{key}"), value.to_owned())).into()
    }

    /// Metadata of the Job, or of the server's objects.
    pub(super) fn metadata(&self, component: Component) -> ObjectMeta {
        let name = match component {
            Component::Shard => self.name.clone(),
            Component::Server => self.server(),
        };
        self.named(name, component)
    }

    /// Metadata of the object that holds the plan.
    pub(super) fn metadata_of_plan(&self) -> ObjectMeta {
        self.named(self.plan(), Component::Shard)
    }

    fn named(&self, name: String, component: Component) -> ObjectMeta {
        ObjectMeta {
            name: Some(name),
            namespace: self.namespace.clone(),
            labels: Some(self.labels(component)),
            ..ObjectMeta::default()
        }
    }
}
