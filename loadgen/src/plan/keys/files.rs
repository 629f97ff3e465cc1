//! The files that keys name.

use std::path::Path;

use super::{GroupKeys, PlanKeys, text_or_file::NamesFile};

/// What a file is to a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileUse {
    /// A text or the bytes of a message. A plan has read it: the keys of a plan name none.
    Text,
    /// Rows of data, which may hold credentials.
    Data,
    /// A certificate.
    Certificate,
    /// A private key.
    PrivateKey,
    /// A secret.
    Secret,
    /// A unix socket.
    UnixSocket,
}

impl FileUse {
    /// Whether nobody else may read it.
    pub fn is_secret(self) -> bool {
        matches!(self, Self::Data | Self::PrivateKey | Self::Secret)
    }
}

/// A file that a key names.
pub struct NamedFile<'a> {
    /// What it is.
    pub usage: FileUse,
    /// The key that names it.
    pub key: &'static str,
    /// The file as it is named. For certificates and private keys, it may hold `{{...}}`.
    pub file: String,
    value: &'a mut dyn NamesFile,
}

impl NamedFile<'_> {
    /// Names another file in its place.
    pub fn replace(&mut self, file: &str) {
        self.value.replace(file);
        self.file = self.value.file().unwrap_or_default();
    }
}

impl PlanKeys {
    /// The files that the keys name, in the order of the groups.
    pub fn files(&mut self) -> Vec<NamedFile<'_>> {
        self.values_of_files().into_iter().filter_map(named).collect()
    }

    /// Lets relative paths begin at `folder`.
    pub(super) fn begin_at(&mut self, folder: &Path) {
        self.values_of_files().into_iter().for_each(|(_, _, value)| value.begin_at(folder));
    }

    fn values_of_files(&mut self) -> Vec<Value<'_>> {
        let groups = self.group.iter_mut().map(|group| &mut group.keys);
        groups.chain([&mut self.defaults]).flat_map(of_group).collect()
    }
}

/// What a file would be to the plan, its key, and the value that may name it.
type Value<'a> = (FileUse, &'static str, &'a mut dyn NamesFile);

fn named((usage, key, value): Value<'_>) -> Option<NamedFile<'_>> {
    Some(NamedFile { usage, key, file: value.file()?, value })
}

/// Values of a group that may name a file.
fn of_group(keys: &mut GroupKeys) -> Vec<Value<'_>> {
    fn add<'a, T: NamesFile + 'a>(
        values: &mut Vec<Value<'a>>,
        usage: FileUse,
        key: &'static str,
        given: impl IntoIterator<Item = &'a mut T>,
    ) {
        values.extend(given.into_iter().map(|value| (usage, key, value as &mut dyn NamesFile)));
    }
    let mut values = Vec::new();
    add(&mut values, FileUse::Text, "message", keys.message.message.iter_mut().flatten());
    add(&mut values, FileUse::Text, "message_hex", keys.message.message_hex.iter_mut().flatten());
    let steps = keys.dialogue.on_open.iter_mut().flatten().filter_map(|step| step.send.as_mut());
    add(&mut values, FileUse::Text, "on_open", steps);
    let answers = keys.dialogue.answer.iter_mut().flatten().map(|answer| &mut answer.send);
    add(&mut values, FileUse::Text, "answer", answers);
    add(&mut values, FileUse::Text, "room", &mut keys.rooms.room);
    add(&mut values, FileUse::Data, "data", &mut keys.message.data);
    add(&mut values, FileUse::Certificate, "cacert", keys.tls.cacert.iter_mut().flatten());
    add(&mut values, FileUse::Certificate, "cert", &mut keys.tls.cert);
    add(&mut values, FileUse::PrivateKey, "key", &mut keys.tls.key);
    add(&mut values, FileUse::Secret, "proxy_auth", &mut keys.connect.proxy_auth);
    add(&mut values, FileUse::Secret, "basic_auth", &mut keys.request.basic_auth);
    add(&mut values, FileUse::Secret, "bearer", &mut keys.request.bearer);
    add(&mut values, FileUse::UnixSocket, "unix_socket", &mut keys.connect.unix_socket);
    values
}

#[cfg(test)]
mod tests {
    use crate::plan::keys::PlanFile;

    #[test]
    fn each_file_that_a_plan_names_is_found_and_can_be_replaced() {
        let text = r#"
            message = ["@hi.txt", "@@no file"]
            on_open = [{ send = "@join.txt" }]
            answer = [{ when = "^2$", send = "@answer.txt" }]
            data = "users.csv"
            cacert = ["/etc/ca.pem"]
            cert = "certs/{{user}}.pem"
            key = "a.key"
            bearer = "@token"
            proxy_auth = "env:PROXY"
            unix_socket = "s.sock"
        "#;
        let mut keys = PlanFile::parse("plans/a.toml", text.to_owned()).unwrap().keys().clone();
        let found: Vec<_> = keys.files().into_iter().map(|file| (file.key, file.file)).collect();
        let expected = [
            ("message", "plans/hi.txt"),
            ("on_open", "plans/join.txt"),
            ("answer", "plans/answer.txt"),
            ("data", "plans/users.csv"),
            ("cacert", "/etc/ca.pem"),
            ("cert", "plans/certs/{{user}}.pem"),
            ("key", "plans/a.key"),
            ("bearer", "plans/token"),
            ("unix_socket", "plans/s.sock"),
        ];
        assert_eq!(found, expected.map(|(key, file)| (key, file.to_owned())));
        assert_eq!(keys.files().iter().filter(|file| file.usage.is_secret()).count(), 3);

        for mut file in keys.files() {
            file.replace("new{{");
        }
        assert!(keys.files().iter().all(|file| matches!(&*file.file, "new{{" | "new{{{{")));
    }
}
