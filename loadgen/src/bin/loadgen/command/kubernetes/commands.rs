//! The commands that run a Job, and collect its results.

use std::{borrow::Cow, path::Path};

use super::objects::{Component, Objects};

/// Most that a server may take until it listens.
const SERVER_TIMEOUT: &str = "90s";

/// Commands of a shell, one a line.
#[derive(Debug)]
pub(super) struct Commands {
    /// Creates the objects.
    pub(super) run: Vec<String>,
    /// Waits for the end, and merges the results.
    pub(super) collect: Vec<String>,
    /// Removes the objects.
    pub(super) remove: Vec<String>,
}

/// What the commands are about.
pub(super) struct CommandsFor<'a> {
    pub(super) objects: &'a Objects,
    /// The manifest; none if it goes to stdout.
    pub(super) manifest: Option<&'a Path>,
    /// Variables to create a Secret of, if it is not named.
    pub(super) variables: Vec<&'a str>,
    pub(super) has_server: bool,
}

impl CommandsFor<'_> {
    /// The commands.
    pub(super) fn commands(&self) -> Commands {
        let kubectl = match &self.objects.namespace {
            Some(namespace) => format!("kubectl -n {namespace}"),
            None => "kubectl".to_owned(),
        };
        let Objects { name, .. } = self.objects;
        let manifest = self.manifest.map_or("job.yaml".into(), Path::to_string_lossy);
        let manifest = shlex::try_quote(&manifest).map_or("job.yaml".into(), Cow::into_owned);
        let container = Component::Shard.name();
        Commands {
            run: self.run(&kubectl, &manifest),
            collect: vec![
                format!(
                    "until {kubectl} get job/{name} -o 'jsonpath={{.status.conditions[*].type}}' | \
                     grep -qwE 'Complete|Failed'; do sleep 5; done"
                ),
                // All of the log: `--tail` counts the pieces in which a log has long lines. A pod
                // without a log is no reason to leave out the others: `merge` says which result is
                // missing.
                format!(
                    "{kubectl} logs -l batch.kubernetes.io/job-name={name} -c {container} --tail=-1 --ignore-errors | \
                     loadgen merge - --out {name}.json"
                ),
            ],
            remove: self.remove(&kubectl, &manifest),
        }
    }

    fn run(&self, kubectl: &str, manifest: &str) -> Vec<String> {
        let Objects { name, .. } = self.objects;
        let mut run = Vec::new();
        if !self.variables.is_empty() {
            let literals = self.variables.iter().map(|name| format!("--from-literal={name}=\"${name}\""));
            let literals = literals.collect::<Vec<_>>().join(" ");
            run.push(format!("{kubectl} create secret generic {} {literals}", self.objects.variables()));
        }
        run.push(format!("{kubectl} create -f {manifest}"));
        if self.has_server {
            let server = self.objects.server();
            run.push(format!(
                "{kubectl} rollout status deployment/{server} --timeout={SERVER_TIMEOUT} && \
                 {kubectl} patch job/{name} -p '{{\"spec\":{{\"suspend\":false}}}}'"
            ));
        }
        run
    }

    fn remove(&self, kubectl: &str, manifest: &str) -> Vec<String> {
        let secret = self.objects.variables();
        let secret = (!self.variables.is_empty()).then(|| format!("{kubectl} delete secret {secret}"));
        [format!("{kubectl} delete -f {manifest}")].into_iter().chain(secret).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands(namespace: Option<&str>, manifest: Option<&str>, variables: &[&str], has_server: bool) -> Commands {
        let objects = Objects { name: "chat".to_owned(), namespace: namespace.map(str::to_owned) };
        let (manifest, variables) = (manifest.map(Path::new), variables.to_vec());
        CommandsFor { objects: &objects, manifest, variables, has_server }.commands()
    }

    #[test]
    fn a_run_is_created_and_collected() {
        let Commands { run, collect, remove } = commands(None, None, &[], false);
        assert_eq!(run, ["kubectl create -f job.yaml"]);
        assert!(collect[0].starts_with("until kubectl get job/chat -o 'jsonpath={.status.conditions[*].type}' | grep"));
        let logs = "kubectl logs -l batch.kubernetes.io/job-name=chat -c shard --tail=-1 --ignore-errors";
        assert_eq!(collect[1], format!("{logs} | loadgen merge - --out chat.json"));
        assert_eq!(remove, ["kubectl delete -f job.yaml"]);
    }

    #[test]
    fn names_are_quoted_and_secrets_made_of_variables() {
        let Commands { run, remove, .. } = commands(Some("load"), Some("it's a job.yaml"), &["A", "B"], true);
        assert_eq!(
            run[0],
            r#"kubectl -n load create secret generic chat-env --from-literal=A="$A" --from-literal=B="$B""#
        );
        assert_eq!(run[1], r#"kubectl -n load create -f "it's a job.yaml""#);
        assert!(run[2].starts_with("kubectl -n load rollout status deployment/chat-server --timeout=90s && kubectl"));
        assert!(run[2].ends_with(r#"patch job/chat -p '{"spec":{"suspend":false}}'"#));
        assert_eq!(remove[1], "kubectl -n load delete secret chat-env");
    }
}
